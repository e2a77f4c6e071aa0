"""Published instances: what their publisher and the literature say of them holds here too.

Known values: the publisher's own description of each instance, and the mean click-to-door of the clairvoyant
optimum, total click-to-door minimised with perfect foresight (Yildiz and Savelsbergh 2018, Table 9).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scenarios.data import resolve
from scenarios.mdrp import (
    Instance,
    Solution,
    metrics,
    read_instance,
    read_solution,
    violations,
    write_solution,
)

pytestmark = pytest.mark.data


def public(name: str) -> Instance:
    return read_instance(resolve(f"orders/mdrp/{name}"))


def one_by_one(instance: Instance) -> Solution:
    """Return a plain feasible solution: each order, as it is placed, alone to whoever is there first.

    A driver must be at the restaurant in time for a pickup on its shift; ties go to the lower index. An order
    that nobody can bring within the maximum click-to-door stays undelivered.
    """
    free = instance.on_min.copy()
    place = instance.driver_xy_m.copy()
    half = instance.pickup_service_min // 2
    trips: list[tuple[int, ...]] = []
    for i in np.argsort(instance.placed_min, kind="stable"):
        restaurant = instance.restaurant_xy_m[instance.restaurant[i]]
        departed = np.maximum(free, instance.placed_min[i])
        arrived = departed + instance.travel_min(place, restaurant)
        picked_up = np.maximum(arrived + half, instance.ready_min[i])
        d = int(np.argmin(np.where(picked_up <= instance.off_min, arrived, np.iinfo(np.int64).max)))
        left = picked_up[d] + half
        service = instance.dropoff_service_min // 2
        dropped = left + instance.travel_min(restaurant, instance.order_xy_m[i]) + service
        is_late = dropped - instance.placed_min[i] > instance.max_click_to_door_min
        if picked_up[d] > instance.off_min[d] or is_late:
            continue
        trips.append(
            (d, instance.restaurant[i], instance.placed_min[i], departed[d], arrived[d], picked_up[d], i)
        )
        trips[-1] += (left, dropped)
        free[d], place[d] = dropped + service, instance.order_xy_m[i]
    columns = np.array(sorted(trips, key=lambda trip: (trip[0], trip[3])), np.int64).T
    return Solution(
        driver=columns[0],
        restaurant=columns[1],
        assigned_min=columns[2],
        departed_min=columns[3],
        arrived_min=columns[4],
        picked_up_min=columns[5],
        offsets=np.arange(len(trips) + 1),
        order=columns[6],
        left_min=columns[7],
        dropped_off_min=columns[8],
    )


@pytest.mark.parametrize(
    ("name", "hours", "to_customer", "between_restaurants"),
    [
        ("0o100t100s1p100", 303.00, (7.38, 3.77, 1, 2.4, 7, 13, 19), (10.77, 5.53, 1, 5, 10, 18, 36)),
        ("0o50t75s1p100", 151.48, (5.91, 2.92, 1, 2, 6, 10, 14), None),
    ],
)
def test_travel_times_are_the_publishers(
    name: str, hours: float, to_customer: tuple[float, ...], between_restaurants: tuple[float, ...] | None
) -> None:
    instance = public(name)
    assert (instance.off_min - instance.on_min).sum() / 60.0 == pytest.approx(hours, abs=0.005)
    there = instance.restaurant_xy_m[instance.restaurant]
    assert described(instance.travel_min(there, instance.order_xy_m)) == pytest.approx(to_customer, abs=0.005)
    if between_restaurants is not None:
        places = instance.restaurant_xy_m
        pairs = instance.travel_min(places[:, None], places[None, :])[np.triu_indices(len(places), 1)]
        assert described(pairs) == pytest.approx(between_restaurants, abs=0.005)


def described(minutes: np.ndarray) -> tuple[float, ...]:
    """Return mean, sample deviation, least, 10, 50 and 90 %, and most, as the publisher lists them."""
    low, middle, high = np.percentile(minutes, (10, 50, 90))
    return (minutes.mean(), minutes.std(ddof=1), minutes.min(), low, middle, high, minutes.max())


@pytest.mark.parametrize(
    ("name", "clairvoyant_ctd_min"),
    [("0r50t75s1p100", 28.52), ("0r50t75s2p125", 32.00), ("0o100t100s1p100", 29.07)],
)
def test_a_plain_solution_is_feasible_and_no_better_than_foresight(
    name: str, clairvoyant_ctd_min: float
) -> None:
    instance = public(name)
    solution = one_by_one(instance)
    assert violations(instance, solution) == []
    found = metrics(instance, solution)
    print(found)
    assert found["undelivered_pct"] < 2.0
    assert clairvoyant_ctd_min <= found["ctd_min"] <= found["ctd_p90_min"] <= 90.0
    assert found["rtp_min"] >= 0.0
    assert 0.3 < found["utilisation"] < 0.9
    assert 10.0 <= found["cost_per_order_usd"] < 15.0
    assert found["orders_per_bundle"] == 1.0


def test_a_real_solution_survives_its_files(tmp_path: Path) -> None:
    instance = public("0r50t75s1p100")
    solution = one_by_one(instance)
    write_solution(tmp_path, instance, solution)
    back = read_solution(tmp_path, instance)
    assert metrics(instance, back) == metrics(instance, solution)
    for name, values in vars(solution).items():
        np.testing.assert_array_equal(getattr(back, name), values, err_msg=name)
