"""The workload: everything that a run draws before it starts, in columns.

It depends on the scenario and the seed only, never on the strategy. Drawn by `sim.draw`, or read from a
trace by `sim.replay`. Times are seconds since local midnight, positions degrees; nodes are those of the
run's `Ground`.
"""

from __future__ import annotations

from dataclasses import dataclass

from domain.units import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Restaurants:
    """r restaurants; ids are 1..r.

    `open_s`, `close_s` float64: equal if it never opens. `capacity` int32: orders cooking at once.
    `prep_mean_s`, `prep_usual_s` float64: what cooking takes on average, and what it usually quotes.
    """

    name: tuple[str, ...]
    cuisine: tuple[str, ...]
    lat: FloatArray
    lon: FloatArray
    node: IntArray
    open_s: FloatArray
    close_s: FloatArray
    capacity: IntArray
    prep_mean_s: FloatArray
    prep_usual_s: FloatArray
    popularity: FloatArray

    def __len__(self) -> int:
        """Return r."""
        return len(self.node)


@dataclass(frozen=True, kw_only=True, eq=False)
class Orders:
    """n orders by placement; customer ids are 1..n.

    `restaurant` int32, index of a restaurant. `promised_s` float64: a promise that the trace recorded, NaN
    where the platform makes it. `star_draw` float64: uniform, decides the stars; NaN if not rated.
    """

    placed_s: FloatArray
    restaurant: IntArray
    lat: FloatArray
    lon: FloatArray
    node: IntArray
    items: IntArray
    confirm_delay_s: FloatArray
    is_rejected: BoolArray
    prep_true_s: FloatArray
    patience_s: FloatArray
    tolerance_s: FloatArray
    pickup_service_s: FloatArray
    dropoff_service_s: FloatArray
    star_draw: FloatArray
    promised_s: FloatArray

    def __len__(self) -> int:
        """Return n."""
        return len(self.placed_s)


@dataclass(frozen=True, kw_only=True, eq=False)
class Shifts:
    """d drivers, one shift each, by sign-on; ids are 1..d.

    `choosiness` float64: log odds added to acceptance. `break_at_s`, `break_s` float64: when a break falls
    due and how long it is.
    """

    vehicle: IntArray
    capacity: IntArray
    lat: FloatArray
    lon: FloatArray
    node: IntArray
    start_s: FloatArray
    end_s: FloatArray
    choosiness: FloatArray
    reaction_s: FloatArray
    rating: FloatArray
    goal_deliveries: IntArray
    break_at_s: FloatArray
    break_s: FloatArray

    def __len__(self) -> int:
        """Return d."""
        return len(self.node)


@dataclass(frozen=True, kw_only=True, eq=False)
class Workload:
    """What one market's run is made of; `lost_demand` orders found no open restaurant in reach."""

    orders: Orders
    restaurants: Restaurants
    shifts: Shifts
    lost_demand: int
    notes: tuple[str, ...] = ()
