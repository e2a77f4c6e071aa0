"""Predictions of delivery: turns what is known of orders into the ETA model's features."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from domain.order_state import OrderState
from domain.orders import Order
from domain.units import DAY_S, HOUR_S
from eta.contract import EtaFeatures, EtaModel, EtaPrediction
from roads.protocols import TravelTimes
from services.nodes import NodeCache
from services.route_times import Visit

NO_DRIVER_YET = float("nan")
Ends = tuple[float, float, float, float]
"""Latitude and longitude of the restaurant, then of the customer."""


class Outlook(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is known of one order when its delivery is predicted; see `eta.contract.EtaFeatures`."""

    state: OrderState
    restaurant_id: int
    prep_remaining_s_est: float
    to_customer_s: float
    to_restaurant_s: float = NO_DRIVER_YET
    has_driver: bool = False
    load: int = 0


_ROW = np.dtype(
    [
        ("state", np.int8),
        ("restaurant_id", np.int64),
        ("prep_remaining_s_est", np.float64),
        ("to_customer_s", np.float64),
        ("to_restaurant_s", np.float64),
        ("has_driver", np.int8),
        ("load", np.int16),
    ],
    align=True,
)
"""An `Outlook`, field by field: one array of rows is made in a third of the time of one per column."""


class EtaService:
    """The ETA model with believed travel times."""

    def __init__(self, model: EtaModel, travel: TravelTimes, nodes: NodeCache) -> None:
        self.model = model
        self.travel = travel
        self.nodes = nodes

    def predict(self, outlooks: Sequence[Outlook], now_s: float) -> EtaPrediction:
        """Predict the remaining seconds of orders, at least one, in input order."""
        rows = np.array([msgspec.structs.astuple(one) for one in outlooks], _ROW)
        features = EtaFeatures(
            state=rows["state"],
            has_driver=rows["has_driver"],
            to_restaurant_s=rows["to_restaurant_s"],
            prep_remaining_s_est=rows["prep_remaining_s_est"],
            to_customer_s=rows["to_customer_s"],
            hour=np.array((now_s % DAY_S / HOUR_S,) * len(rows), np.float64),
            load=rows["load"],
            restaurant=rows["restaurant_id"],
        )
        return self.model.predict(features)

    def quantile_s(self, prediction: EtaPrediction, level: float, row: int = 0) -> float:
        """Return a quantile of one prediction, interpolated between the model's levels, never beyond them."""
        levels = self.model.quantile_levels
        if level in levels:  # a tenth of the time of interpolating
            return float(prediction.quantiles_s[row, levels.index(level)])
        return float(np.interp(level, levels, prediction.quantiles_s[row]))

    def restaurant_to_customer_s(self, ends: Ends, now_s: float) -> float:
        """Return the believed driving time by car from restaurant to customer."""
        nodes = np.array(self.nodes.of([ends[:2], ends[2:]]), np.int64)
        return float(self.travel.times(nodes[:1], nodes[1:], at_s=now_s)[0])


def ends_of(order: Order) -> Ends:
    """Return where an order's last leg begins and ends."""
    return order.restaurant_lat, order.restaurant_lon, order.customer_lat, order.customer_lon


def prep_remaining_s(order: Order, now_s: float) -> float:
    """Return the quoted (or, once ready, true) ready moment minus now; the quote runs from confirmation."""
    if order.ready_at_s is not None:
        return order.ready_at_s - now_s
    start_s = order.confirmed_at_s if order.confirmed_at_s is not None else now_s
    return start_s + order.prep_quote_s - now_s


def with_driver(
    order: Order, visit: Visit, load: int, now_s: float, *, state: OrderState | None = None
) -> Outlook:
    """Return the outlook of an order with a driver, in its own or another state.

    `load` counts the driver's other orders.
    """
    return Outlook(
        state=order.state if state is None else state,
        restaurant_id=order.restaurant_id,
        prep_remaining_s_est=prep_remaining_s(order, now_s),
        to_customer_s=visit.to_customer_s,
        to_restaurant_s=visit.to_restaurant_s,
        has_driver=True,
        load=load,
    )
