"""From a strategy's decision to offers: whole plans, pay and predicted deliveries."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from domain.drivers import Plan, Stop
from domain.offers import NewOffer
from domain.order_state import OrderState
from domain.stop_kind import StopKind
from domain.units import MINUTE_S
from matching.contract import Decision
from roads.protocols import TravelTimes
from services.eta_service import EtaService, Outlook
from services.geocell import metres_between
from services.route_times import Visit, leg_seconds, visits
from services.settings import MatchSettings
from services.snapshot_builder import Picture

Stops = list[tuple[int, int]]
_PICKUP, _DROPOFF = StopKind.PICKUP, StopKind.DROPOFF


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """What one driver is to do: all stops, (kind, order axis), and which of the orders are new."""

    driver: int
    new_orders: tuple[int, ...]
    stops: Stops


class Proposals:
    """Reads a decision against its picture. Order and driver numbers are axis indices of the snapshot.

    `moved` are the accepted orders that change drivers. Single elements are read through memoryviews, which
    costs half as much as through arrays; where they differ for restaurants and customers, these are under the
    kind of the stop.
    """

    def __init__(self, picture: Picture, decision: Decision) -> None:
        snapshot = picture.snapshot
        self._picture = picture
        self._routes = _routes(decision)
        self.moved = _moved(picture, decision)
        self._new_orders = _new_orders(picture, decision, self.moved)
        self._order_id: Sequence[int] = picture.order_id.data
        self._driver_node: Sequence[int] = snapshot.driver_node.data
        self._offsets: Sequence[int] = snapshot.stop_offsets.data
        self._stop_kind: Sequence[int] = snapshot.stop_kind.data
        self._stop_order: Sequence[int] = snapshot.stop_order.data
        self._nodes_of = (snapshot.order_restaurant_node.data, snapshot.order_customer_node.data)
        self._lat_of: Sequence[Sequence[float]] = (
            snapshot.order_restaurant_lat.data,
            snapshot.order_customer_lat.data,
        )
        self._lon_of: Sequence[Sequence[float]] = (
            snapshot.order_restaurant_lon.data,
            snapshot.order_customer_lon.data,
        )

    def asked(self) -> list[Proposal]:
        """Return one proposal per driver with new orders, by driver."""
        moved = set(self.moved)
        return [
            Proposal(
                driver=driver,
                new_orders=tuple(orders),
                stops=self._routes.get(driver) or self._appended(driver, orders, moved),
            )
            for driver, orders in sorted(self._new_orders.items())
        ]

    def told(self) -> list[Proposal]:
        """Return one proposal per driver with a route but no new orders, by driver."""
        return [
            Proposal(driver=driver, new_orders=(), stops=stops)
            for driver, stops in sorted(self._routes.items())
            if driver not in self._new_orders
        ]

    def plan(self, proposal: Proposal) -> Plan:
        """Return a proposal's stops as a plan."""
        return tuple([self._stop(kind, order) for kind, order in proposal.stops])

    def planned(self, driver: int) -> Stops:
        """Return the stops that a driver has already."""
        kinds, orders = self._stop_kind, self._stop_order
        return [(kinds[at], orders[at]) for at in range(self._offsets[driver], self._offsets[driver + 1])]

    def _appended(self, driver: int, orders: list[int], moved: set[int]) -> Stops:
        """Return the default route: what is planned and stays, then all pickups, then all drop-offs."""
        stays = [stop for stop in self.planned(driver) if stop[1] not in moved]
        pickups = [(int(_PICKUP), order) for order in orders]
        return [*stays, *pickups, *((int(_DROPOFF), order) for order in orders)]

    def _stop(self, kind: int, order: int) -> Stop:
        return Stop(
            kind=_DROPOFF if kind else _PICKUP,
            order_id=self._order_id[order],
            lat=self._lat_of[kind][order],
            lon=self._lon_of[kind][order],
        )

    def offers(
        self, asked: Sequence[Proposal], travel: TravelTimes, eta: EtaService, settings: MatchSettings
    ) -> list[NewOffer]:
        """Return the terms of the offers: one travel-time call per vehicle and one prediction for all."""
        snapshot = self._picture.snapshot
        now_s = snapshot.now_s
        routes = [self._nodes(one.driver, one.stops) for one in asked]
        before = [self._nodes(one.driver, self.planned(one.driver)) for one in asked]
        vehicles = [int(snapshot.driver_vehicle[one.driver]) for one in asked]
        legs = leg_seconds(travel, routes + before, vehicles * 2, now_s)
        timed = [
            visits(
                one.stops,
                legs[i],
                pickup_service_s=settings.pickup_service_s,
                dropoff_service_s=settings.dropoff_service_s,
            )
            for i, one in enumerate(asked)
        ]
        outlooks = [
            self._outlook(order, timed[i][order], load=len(timed[i]) - 1)
            for i, one in enumerate(asked)
            for order in one.new_orders
        ]
        remaining_s = eta.predict(outlooks, now_s).mean_s.tolist() if outlooks else []
        offers, at = [], 0
        for i, one in enumerate(asked):
            end = at + len(one.new_orders)
            drive_s = max(sum(legs[i]) - sum(legs[len(asked) + i]), 0.0)
            etas = tuple(now_s + seconds for seconds in remaining_s[at:end])
            offers.append(self._terms(one, drive_s, etas, settings))
            at = end
        return offers

    def _terms(
        self, proposal: Proposal, drive_s: float, eta_s: tuple[float, ...], settings: MatchSettings
    ) -> NewOffer:
        snapshot, states = self._picture.snapshot, self._picture.states
        driver, orders = proposal.driver, proposal.new_orders
        first = next(order for kind, order in proposal.stops if kind == _PICKUP and order in orders)
        pickup_m = metres_between(
            float(snapshot.driver_lat[driver]),
            float(snapshot.driver_lon[driver]),
            self._lat_of[_PICKUP][first],
            self._lon_of[_PICKUP][first],
        )
        pay = settings.pay_base_cents * len(orders) + settings.pay_per_min_cents * drive_s / MINUTE_S
        return NewOffer(
            driver_id=int(states.id[driver]),
            order_ids=tuple([self._order_id[order] for order in orders]),
            plan=self.plan(proposal),
            created_at_s=snapshot.now_s,
            expires_at_s=snapshot.now_s + settings.offer_ttl_s,
            pay_cents=round(pay),
            drive_s_est=drive_s,
            pickup_m=pickup_m,
            eta_s=eta_s,
        )

    def _nodes(self, driver: int, stops: Stops) -> list[int]:
        if not stops:
            return []
        nodes_of = self._nodes_of
        return [self._driver_node[driver], *[nodes_of[kind][order] for kind, order in stops]]

    def _outlook(self, order: int, visit: Visit, *, load: int) -> Outlook:
        snapshot = self._picture.snapshot
        is_ready = bool(snapshot.order_is_ready[order])
        return Outlook(
            state=OrderState.READY_FOR_PICKUP if is_ready else OrderState.CONFIRMED,
            restaurant_id=int(self._picture.restaurant_id[order]),
            prep_remaining_s_est=float(self._picture.ready_s[order]) - snapshot.now_s,
            to_customer_s=visit.to_customer_s,
            to_restaurant_s=visit.to_restaurant_s,
            has_driver=True,
            load=load,
        )


def _moved(picture: Picture, decision: Decision) -> list[int]:
    """Return the accepted orders that change drivers."""
    snapshot, first = picture.snapshot, picture.snapshot.open_orders
    if snapshot.orders == first:
        return []
    changed = snapshot.order_driver[first:] != decision.driver[first:]
    return [first + at for at in changed.nonzero()[0].tolist()]


def _new_orders(picture: Picture, decision: Decision, moved: list[int]) -> dict[int, list[int]]:
    """Return the orders that each driver is to be asked for."""
    found: dict[int, list[int]] = {}
    assigned = decision.driver.data
    for order in (*range(picture.snapshot.open_orders), *moved):
        if assigned[order] >= 0:
            found.setdefault(assigned[order], []).append(order)
    return found


def _routes(decision: Decision) -> dict[int, Stops]:
    """Return the stops of each driver that the strategy routes itself."""
    if not len(decision.route_driver):
        return {}
    offsets = decision.route_offsets.tolist()
    stops = list(zip(decision.route_kind.tolist(), decision.route_order.tolist(), strict=True))
    drivers = decision.route_driver.tolist()
    return {driver: stops[offsets[i] : offsets[i + 1]] for i, driver in enumerate(drivers)}
