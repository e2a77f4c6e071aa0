"""What follows from a solution: where each driver comes from, how long each leg takes, when it is free."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from domain.units import IntArray
from scenarios.mdrp.instance import Instance
from scenarios.mdrp.solution import Solution


@dataclass(frozen=True, kw_only=True, eq=False)
class Routes:
    """The a trips of a solution strung together by driver; int64.

    `by_time` [a]: rows sorted by driver, then departure, then row. `previous` [a]: the row of the same
    driver's trip before, -1 for its first. `to_restaurant_min` [a], `to_customer_min` [k]: travel times of
    the legs. `free_min` [a]: when the driver is free again, as the solution's own times have it.
    """

    by_time: IntArray
    previous: IntArray
    to_restaurant_min: IntArray
    to_customer_min: IntArray
    free_min: IntArray


def routes(instance: Instance, solution: Solution) -> Routes:
    """String the trips together, O(a log a + k). Every index must be within the instance."""
    by_time = np.lexsort((solution.departed_min, solution.driver))
    previous = _previous(solution.driver, by_time)
    restaurant_xy = instance.restaurant_xy_m[solution.restaurant]
    customer_xy = instance.order_xy_m[solution.order]
    carries = solution.size > 0
    last = solution.offsets[1:][carries] - 1
    end_xy, free_min = restaurant_xy.copy(), solution.arrived_min.copy()
    end_xy[carries] = customer_xy[last]
    free_min[carries] = solution.dropped_off_min[last] + instance.dropoff_service_min // 2
    origin_xy = instance.driver_xy_m[solution.driver]
    origin_xy[previous >= 0] = end_xy[previous[previous >= 0]]
    from_xy = np.zeros_like(customer_xy)
    from_xy[1:] = customer_xy[:-1]
    from_xy[solution.is_first] = restaurant_xy[carries]
    return Routes(
        by_time=by_time,
        previous=previous,
        to_restaurant_min=instance.travel_min(origin_xy, restaurant_xy),
        to_customer_min=instance.travel_min(from_xy, customer_xy),
        free_min=free_min,
    )


def _previous(driver: IntArray, by_time: IntArray) -> IntArray:
    previous = np.full(len(driver), -1, np.int64)
    is_same = driver[by_time[1:]] == driver[by_time[:-1]]
    previous[by_time[1:][is_same]] = by_time[:-1][is_same]
    return previous
