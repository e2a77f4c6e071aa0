"""The publisher's three solution files, separated by blanks, as its evaluator reads them.

`solution_info_assignments.txt`: assignment_time, pickup_time, courier, then the bundle's orders in route
order. `solution_info_orders.txt`: a row per order with order, pickup_time, dropoff_time, courier (NA:
undelivered); further columns are written for the evaluator's sake and not read.
`solution_info_couriers.txt`: courier, departure_time, origin, destination of every leg, by courier and
time; the first origin may be written 0. Every bundle has its own leg to the restaurant, of no length if the
driver is there; a leg to a restaurant that nothing is picked up after is a prepositioning move. Arrivals
are in none of the files: reading takes departure + travel.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from domain.errors import DataError
from scenarios.mdrp._legs import Bundle, Names, Trip, read_trips
from scenarios.mdrp._tables import index_of, read_rows, read_table, refusal, whole_number
from scenarios.mdrp.instance import TIME_MIN, Instance
from scenarios.mdrp.routes import routes
from scenarios.mdrp.solution import Solution

ASSIGNMENTS = "solution_info_assignments.txt"
ORDERS = "solution_info_orders.txt"
LEGS = "solution_info_couriers.txt"
NONE = "NA"


def read_solution(folder: Path, instance: Instance) -> Solution:
    """Read a solution of an instance, feasible or not; its rows are sorted by driver and time.

    Raises:
        DataError: a file, column or cell is not what it should be, an order is assigned twice, or the files
            contradict each other.
    """
    names = Names.of(instance)
    bundles = _read_bundles(folder / ASSIGNMENTS, names)
    dropped_off = _read_drop_offs(folder / ORDERS, names, bundles)
    return _solution(instance, read_trips(folder / LEGS, names, bundles), dropped_off)


def write_solution(folder: Path, instance: Instance, solution: Solution) -> None:
    """Write the three files of a solution whose indices are within the instance; makes the folder.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in (
        (ASSIGNMENTS, _bundle_lines(instance, solution)),
        (ORDERS, _order_lines(instance, solution)),
        (LEGS, _leg_lines(instance, solution)),
    ):
        (folder / name).write_text("\n".join([*lines, ""]), encoding="utf-8")


def _read_bundles(path: Path, names: Names) -> list[Bundle]:
    bundles: list[Bundle] = []
    line_of: dict[int, int] = {}
    for line, cells in read_rows(path, separator=None)[1:]:
        if len(cells) < 4:
            raise DataError(f"{path}:{line}: expected assignment_time, pickup_time, courier and its orders")
        orders = tuple(index_of(path, line, "order", name, names.orders) for name in cells[3:])
        for order, name in zip(orders, cells[3:], strict=True):
            if order in line_of:
                raise DataError(f"{path}:{line}: order {name!r} is assigned already on line {line_of[order]}")
            line_of[order] = line
        bundle = Bundle(
            line=line,
            assigned_min=whole_number(path, line, "assignment_time", cells[0], TIME_MIN),
            picked_up_min=whole_number(path, line, "pickup_time", cells[1], TIME_MIN),
            driver=index_of(path, line, "courier", cells[2], names.drivers),
            orders=orders,
        )
        bundles.append(bundle)
    return bundles


def _read_drop_offs(path: Path, names: Names, bundles: list[Bundle]) -> dict[int, int]:
    """Return the drop-off time of every assigned order; the others' rows must have none."""
    table = read_table(path, ("order", "pickup_time", "dropoff_time", "courier"), separator=None)
    bundle_of = {order: bundle for bundle in bundles for order in bundle.orders}
    drivers = list(names.drivers)
    dropped_off: dict[int, int] = {}
    for line, *cells in zip(table.lines, *table.columns.values(), strict=True):
        name, picked_up, dropped, driver = cells
        order = index_of(path, line, "order", name, names.orders)
        if order not in bundle_of:
            if driver in names.drivers:
                raise DataError(
                    f"{path}:{line}: order {name!r} has courier {driver!r}, but is in no assignment"
                )
            continue
        bundle = bundle_of[order]
        if driver != drivers[bundle.driver]:
            raise refusal(path, line, "courier", driver, f"{drivers[bundle.driver]!r}, who is assigned it")
        if whole_number(path, line, "pickup_time", picked_up, TIME_MIN) != bundle.picked_up_min:
            raise refusal(path, line, "pickup_time", picked_up, f"its bundle's, {bundle.picked_up_min}")
        dropped_off[order] = whole_number(path, line, "dropoff_time", dropped, TIME_MIN)
    for order, name in enumerate(names.orders):
        if order in bundle_of and order not in dropped_off:
            raise DataError(f"{path}: no row of order {name!r}, which is assigned")
    return dropped_off


def _solution(instance: Instance, trips: list[Trip], dropped_off: dict[int, int]) -> Solution:
    """Put trips into columns; arrivals are departure + travel time, a move's times repeat what it has."""
    order = [i for trip in trips if trip.bundle for i in trip.bundle.orders]
    departed = _whole([trip.departed_min for trip in trips])
    times = [(t.bundle.assigned_min, t.bundle.picked_up_min) if t.bundle else (-1, -1) for t in trips]
    assigned, picked_up = _whole([pair[0] for pair in times]), _whole([pair[1] for pair in times])
    draft = Solution(
        driver=_whole([trip.driver for trip in trips]),
        restaurant=_whole([trip.restaurant for trip in trips]),
        assigned_min=np.where(assigned < 0, departed, assigned),
        departed_min=departed,
        arrived_min=departed,
        picked_up_min=picked_up,
        offsets=_whole(np.cumsum([0, *(len(trip.left_min) for trip in trips)]).tolist()),
        order=_whole(order),
        left_min=_whole([left for trip in trips for left in trip.left_min]),
        dropped_off_min=_whole([dropped_off[i] for i in order]),
    )
    arrived = departed + routes(instance, draft).to_restaurant_min
    return replace(draft, arrived_min=arrived, picked_up_min=np.where(picked_up < 0, arrived, picked_up))


def _whole(values: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, np.int64)


def _bundle_lines(instance: Instance, solution: Solution) -> list[str]:
    lines = ["assignment_time pickup_time courier bundle"]
    for row in np.flatnonzero(solution.size):
        carried = solution.order[solution.offsets[row] : solution.offsets[row + 1]]
        lines.append(
            f"{solution.assigned_min[row]} {solution.picked_up_min[row]} "
            f"{instance.driver_ids[solution.driver[row]]} {' '.join(instance.order_ids[i] for i in carried)}"
        )
    return lines


def _order_lines(instance: Instance, solution: Solution) -> list[str]:
    owner = solution.owner
    done = dict.fromkeys(range(len(instance.order_ids)), f"{NONE} {NONE} {NONE}")
    for k, order in enumerate(solution.order.tolist()):
        driver = instance.driver_ids[solution.driver[owner[k]]]
        done[order] = f"{solution.picked_up_min[owner[k]]} {solution.dropped_off_min[k]} {driver}"
    lines = ["order placement_time restaurant ready_time pickup_time dropoff_time courier"]
    for order, text in done.items():
        restaurant = instance.restaurant_ids[instance.restaurant[order]]
        placed, ready = instance.placed_min[order], instance.ready_min[order]
        lines.append(f"{instance.order_ids[order]} {placed} {restaurant} {ready} {text}")
    return lines


def _leg_lines(instance: Instance, solution: Solution) -> list[str]:
    lines = ["courier departure_time origin destination"]
    derived = routes(instance, solution)
    place = ""
    for row in derived.by_time:
        driver = instance.driver_ids[solution.driver[row]]
        origin = driver if derived.previous[row] < 0 else place
        place = instance.restaurant_ids[solution.restaurant[row]]
        lines.append(f"{driver} {solution.departed_min[row]} {origin} {place}")
        for k in range(solution.offsets[row], solution.offsets[row + 1]):
            origin, place = place, instance.order_ids[solution.order[k]]
            lines.append(f"{driver} {solution.left_min[k]} {origin} {place}")
    return lines
