"""The legs that drivers ride, as the publisher's files list them, joined with the bundles that they carry."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from domain.errors import DataError
from scenarios.mdrp._tables import index_of, read_rows, refusal, whole_number
from scenarios.mdrp.instance import TIME_MIN, Instance


@dataclass(frozen=True, kw_only=True)
class Names:
    """Index of every order, driver and restaurant of an instance by its name in the files."""

    orders: dict[str, int]
    drivers: dict[str, int]
    restaurants: dict[str, int]

    @classmethod
    def of(cls, instance: Instance) -> Names:
        """Return the names of an instance."""
        return cls(
            orders={name: index for index, name in enumerate(instance.order_ids)},
            drivers={name: index for index, name in enumerate(instance.driver_ids)},
            restaurants={name: index for index, name in enumerate(instance.restaurant_ids)},
        )


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A line of the assignments: who picks up which orders, in route order; whole minutes, indices."""

    line: int
    assigned_min: int
    picked_up_min: int
    driver: int
    orders: tuple[int, ...]


@dataclass(kw_only=True)
class Trip:
    """A ride to a restaurant and what follows it; without a bundle, a prepositioning move."""

    driver: int
    departed_min: int
    restaurant: int
    bundle: Bundle | None = None
    left_min: list[int] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class _Leg:
    line: int
    departed_min: int
    origin: str
    destination: str


def read_trips(path: Path, names: Names, bundles: list[Bundle]) -> list[Trip]:
    """Read the legs and join them into trips, sorted by driver, each driver's in the file's order.

    Raises:
        DataError: a cell is not what it should be, a leg does not start where the one before ended, or legs
            and bundles contradict each other.
    """
    bundle_of = {order: bundle for bundle in bundles for order in bundle.orders}
    legs = _read_legs(path, names)
    trips: list[Trip] = []
    for name, driver in names.drivers.items():
        trips += _walk(path, names, name, legs[driver], bundle_of)
    _refuse_undelivered(path, names, trips, bundles)
    return trips


def _refuse_undelivered(path: Path, names: Names, trips: list[Trip], bundles: list[Bundle]) -> None:
    """Refuse bundles that no trip carries, or that any trip does not carry to the end."""
    carried: dict[int, int] = {}
    for trip in trips:
        if trip.bundle:
            done = len(trip.left_min)
            carried[trip.bundle.line] = min(done, carried.get(trip.bundle.line, done))
    for bundle in bundles:
        done = carried.get(bundle.line, 0)
        if done < len(bundle.orders):
            order, driver = list(names.orders)[bundle.orders[done]], list(names.drivers)[bundle.driver]
            raise DataError(f"{path}: no leg of courier {driver!r} to order {order!r}, which it is assigned")


def _read_legs(path: Path, names: Names) -> dict[int, list[_Leg]]:
    """Read courier, departure, origin and destination of each leg below the header."""
    legs: dict[int, list[_Leg]] = defaultdict(list)
    for line, cells in read_rows(path, separator=None)[1:]:
        if len(cells) != 4:
            raise DataError(
                f"{path}:{line}: {len(cells)} cells; expected courier, departure, origin, destination"
            )
        driver = index_of(path, line, "courier", cells[0], names.drivers)
        departed = whole_number(path, line, "departure_time", cells[1], TIME_MIN)
        origin = cells[0] if cells[2] == "0" else cells[2]
        legs[driver].append(_Leg(line=line, departed_min=departed, origin=origin, destination=cells[3]))
    return legs


def _walk(
    path: Path, names: Names, driver: str, legs: list[_Leg], bundle_of: dict[int, Bundle]
) -> list[Trip]:
    """Join the legs of one driver into trips."""
    trips: list[Trip] = []
    place, index = driver, names.drivers[driver]
    for leg in legs:
        if leg.origin != place:
            raise refusal(path, leg.line, "origin", leg.origin, f"{place!r}, where courier {driver!r} is")
        place = leg.destination
        if place in names.restaurants:
            restaurant = names.restaurants[place]
            trips.append(Trip(driver=index, departed_min=leg.departed_min, restaurant=restaurant))
            continue
        order = index_of(path, leg.line, "destination", place, names.orders)
        if not trips or not _carry(trips[-1], bundle_of.get(order), order):
            raise DataError(
                f"{path}:{leg.line}: order {place!r} is not the next of a bundle of courier {driver!r}"
            )
        trips[-1].left_min.append(leg.departed_min)
    return trips


def _carry(trip: Trip, bundle: Bundle | None, order: int) -> bool:
    """Tell whether an order is the next of the trip's bundle; the first order says which bundle that is."""
    done = len(trip.left_min)
    if done == 0:
        trip.bundle = bundle
    if bundle is None or trip.bundle is not bundle or bundle.driver != trip.driver:
        return False
    return bundle.orders[done : done + 1] == (order,)
