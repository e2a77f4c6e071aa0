import numpy as np
import pytest

from domain.spec import FleetSpec, ShockSpec
from sim.shifts import draw_shifts
from sim.streams import Streams
from sim.workload import Shifts

HOUR = 3600.0
PLACES = (np.array([45.0, 45.1]), np.array([7.0, 7.1]), np.array([0, 1], np.int32))


def shifts(fleet: FleetSpec, drivers: int, shocks: tuple[ShockSpec, ...] = ()) -> Shifts:
    return draw_shifts(
        fleet, drivers, (12 * HOUR, 22 * HOUR), shocks, PLACES, np.array([3.0, 1.0]), Streams(4)
    )


def on_shift(drawn: Shifts, at_h: float) -> int:
    return int(np.count_nonzero((drawn.start_s <= at_h * HOUR) & (drawn.end_s > at_h * HOUR)))


def test_the_number_on_shift_follows_the_curve() -> None:
    hourly = tuple(1.0 if 17 <= h <= 21 else 0.4 for h in range(24))
    drawn = shifts(FleetSpec(hourly=hourly), 400)
    assert on_shift(drawn, 12.2) == pytest.approx(160, rel=0.35)  # shifts of a busier past still run
    for at_h in (18.5, 19.5, 20.5):
        assert on_shift(drawn, at_h) == pytest.approx(400, rel=0.12)
    assert (np.diff(drawn.start_s) >= 0).all()
    assert drawn.start_s.min() >= 12 * HOUR
    assert (drawn.end_s > drawn.start_s).all()


@pytest.mark.parametrize("drivers", [0, 1])
def test_tiny_fleets(drivers: int) -> None:
    drawn = shifts(FleetSpec(), drivers)
    for at_h in np.arange(12.1, 22.0, 0.7):
        assert on_shift(drawn, float(at_h)) <= drivers
    assert (on_shift(drawn, 15.0) == drivers) or drivers == 1


def test_vehicles_and_places_follow_their_shares() -> None:
    drawn = shifts(FleetSpec(car_share=0.5, scooter_share=0.0, bicycle_share=0.5), 3000)
    assert np.bincount(drawn.vehicle, minlength=3)[1] == 0
    assert (drawn.vehicle == 0).mean() == pytest.approx(0.5, abs=0.03)
    assert (drawn.node == 0).mean() == pytest.approx(0.75, abs=0.03)
    assert set(drawn.capacity[drawn.vehicle == 0]) == {4}


def test_a_walkout_ends_a_share_of_the_shifts_of_that_moment_only() -> None:
    calm = shifts(FleetSpec(), 1000)
    shock = ShockSpec(kind="drivers_leave", start_h=19.0, end_h=19.0, share=0.4)
    after = shifts(FleetSpec(), 1000, (shock,))
    np.testing.assert_array_equal(calm.start_s, after.start_s)
    changed = calm.end_s != after.end_s
    assert (after.end_s[changed] == 19 * HOUR).all()
    assert changed.sum() == pytest.approx(0.4 * on_shift(calm, 19.0), rel=0.15)
