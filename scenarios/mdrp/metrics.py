"""The metrics that the literature publishes, of one solution."""

from __future__ import annotations

import math

import numpy as np

from domain.units import FloatArray, IntArray
from scenarios.mdrp.instance import Instance
from scenarios.mdrp.routes import routes
from scenarios.mdrp.solution import Solution


def metrics(instance: Instance, solution: Solution) -> dict[str, float]:
    """Return the metrics of a solution, which is taken to be feasible (see `violations`).

    Over all orders: `undelivered_pct`. Over delivered orders: `ctd_min`, `ctd_p90_min` (click-to-door:
    drop-off - placement), `ctd_overage_min` (mean of max(0, click-to-door - target)), `rtp_min`,
    `rtp_p90_min` (pickup - ready), `rtd_min` (drop-off - ready), `cost_per_order_usd` (pay of all drivers,
    idle ones too / delivered). Over all drivers: `utilisation` and `utilisation_p10`, (driving + service
    per order + service per bundle) / shift, as a share of 1; driving includes prepositioning moves and the
    way to customers after off-time. Over assignments with orders: `orders_per_bundle`.

    Means, but for the p90 and p10: percentiles linear between order statistics. NaN where there is nothing
    to divide by.
    """
    order = solution.order
    placed, ready = instance.placed_min[order], instance.ready_min[order]
    click_to_door = solution.dropped_off_min - placed
    overage = np.maximum(0, click_to_door - instance.target_click_to_door_min)
    ready_to_pickup = solution.picked_up_min[solution.owner] - ready
    used = _utilisation(instance, solution)
    delivered, bundles = len(order), int(np.count_nonzero(solution.size))
    return {
        "undelivered_pct": 100.0 * _ratio(len(instance.order_ids) - delivered, len(instance.order_ids)),
        "ctd_min": _mean(click_to_door),
        "ctd_p90_min": _percentile(click_to_door, 90.0),
        "ctd_overage_min": _mean(overage),
        "rtp_min": _mean(ready_to_pickup),
        "rtp_p90_min": _percentile(ready_to_pickup, 90.0),
        "rtd_min": _mean(solution.dropped_off_min - ready),
        "utilisation": _mean(used),
        "utilisation_p10": _percentile(used, 10.0),
        "cost_per_order_usd": _ratio(_pay_usd(instance, solution), delivered),
        "orders_per_bundle": _ratio(delivered, bundles),
    }


def _utilisation(instance: Instance, solution: Solution) -> FloatArray:
    """Return the share of its shift that each driver is at work [d]."""
    derived, drivers = routes(instance, solution), len(instance.driver_ids)
    trip_min = derived.to_restaurant_min + instance.pickup_service_min * (solution.size > 0)
    drop_min = derived.to_customer_min + instance.dropoff_service_min
    busy_min = np.bincount(solution.driver, trip_min, drivers)
    busy_min += np.bincount(solution.driver[solution.owner], drop_min, drivers)
    shares: FloatArray = busy_min / (instance.off_min - instance.on_min)
    return shares


def _pay_usd(instance: Instance, solution: Solution) -> float:
    carried = np.bincount(solution.driver[solution.owner], minlength=len(instance.driver_ids))
    guaranteed = instance.pay_per_hour_usd * (instance.off_min - instance.on_min) / 60.0
    return float(np.maximum(instance.pay_per_order_usd * carried, guaranteed).sum())


def _mean(values: IntArray | FloatArray) -> float:
    return float(values.mean()) if len(values) else math.nan


def _percentile(values: IntArray | FloatArray, percent: float) -> float:
    return float(np.percentile(values, percent)) if len(values) else math.nan


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
