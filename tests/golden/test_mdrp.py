"""Published instances: what their publisher and the literature say of them holds here too.

Known values: the publisher's own description of each instance, and the means of the clairvoyant optimum,
total click-to-door minimised with perfect foresight (Yildiz and Savelsbergh 2018, Table 9), on
instances that they solve to optimality.
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
    free, place = instance.on_min.copy(), instance.driver_xy_m.copy()
    at_pickup, at_door = instance.pickup_service_min // 2, instance.dropoff_service_min // 2
    trips: list[tuple[int, ...]] = []
    for i in np.argsort(instance.placed_min, kind="stable"):
        placed, restaurant = instance.placed_min[i], instance.restaurant[i]
        kitchen, customer = instance.restaurant_xy_m[restaurant], instance.order_xy_m[i]
        departed = np.maximum(free, placed)
        arrived = departed + instance.travel_min(place, kitchen)
        picked_up = np.maximum(arrived + at_pickup, instance.ready_min[i])
        d = int(np.argmin(np.where(picked_up <= instance.off_min, arrived, np.iinfo(np.int64).max)))
        left = picked_up[d] + at_pickup
        dropped = left + instance.travel_min(kitchen, customer) + at_door
        if picked_up[d] > instance.off_min[d] or dropped - placed > instance.max_click_to_door_min:
            continue
        trips.append((d, restaurant, placed, departed[d], arrived[d], picked_up[d], i, left, dropped))
        free[d], place[d] = dropped + at_door, customer
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
        ("0o100t100s1p100", 303.00, (7.38, 3.77, 1, 2.4, 7, 13, 19), (10.77, 5.53, 1, 4, 10, 18, 36)),
        ("0o50t75s1p100", 151.48, (5.91, 2.92, 1, 2, 6, 10, 14), (7.84, 3.87, 1, 3, 8, 13, 21)),
    ],
)
def test_shifts_and_travel_times_are_the_publishers(
    name: str, hours: float, to_customer: tuple[float, ...], between_restaurants: tuple[float, ...]
) -> None:
    instance = public(name)
    assert (instance.off_min - instance.on_min).sum() / 60.0 == pytest.approx(hours, abs=0.005)
    places = instance.restaurant_xy_m
    trips = instance.travel_min(places[instance.restaurant], instance.order_xy_m)
    assert described(trips) == pytest.approx(to_customer, abs=0.006)
    pairs = instance.travel_min(places[:, None], places[None, :])[np.triu_indices(len(places), 1)]
    assert described(pairs) == pytest.approx(between_restaurants, abs=0.006)


def described(minutes: np.ndarray) -> tuple[float, ...]:
    """Return mean, sample deviation, least, 10, 50 and 90 %, and most, as the publisher lists them."""
    low, middle, high = np.percentile(minutes, (10, 50, 90))
    return (minutes.mean(), minutes.std(ddof=1), minutes.min(), low, middle, high, minutes.max())


@pytest.mark.parametrize(
    ("name", "ctd_min", "rtp_min"),
    [("0r50t75s1p100", 28.52, 0.76), ("0r50t75s2p125", 32.00, 0.16)],
)
def test_a_plain_solution_is_feasible_and_no_better_than_foresight(
    name: str, ctd_min: float, rtp_min: float
) -> None:
    instance = public(name)
    solution = one_by_one(instance)
    assert violations(instance, solution) == []
    found = metrics(instance, solution)
    assert found["undelivered_pct"] == 0.0
    assert ctd_min <= found["ctd_min"] < ctd_min + 5.0
    assert rtp_min <= found["rtp_min"] <= found["rtp_p90_min"] < 20.0
    # what nobody can shorten: preparation, services and the way; carried singly, it is the optimum's too
    assert found["ctd_min"] - found["rtp_min"] == pytest.approx(ctd_min - rtp_min, abs=0.02)
    assert found["ctd_p90_min"] <= instance.max_click_to_door_min
    assert 0.3 < found["utilisation_p10"] < found["utilisation"] < 0.9
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
