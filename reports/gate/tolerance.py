"""How much worse a metric may become, and how much of that is there by default."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ConfigDict

STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tolerance:
    """What a metric's mean over seeds may be worse by: a share of the baseline, or an amount in its unit.

    With both, the larger holds: an amount keeps a share of next to nothing from being next to nothing.
    """

    __pydantic_config__ = STRICT

    relative_pct: float = 0.0
    absolute: float = 0.0

    def allowed(self, value: float) -> float:
        """Return the amount that is allowed beside a baseline of this value."""
        return max(self.relative_pct / 100.0 * abs(value), self.absolute)


@dataclass(frozen=True, kw_only=True, slots=True)
class SpeedTolerance:
    """How many percent more calibration units runs may need: of all strategies together, and of each.

    Processors, and versions of Python, differ in what they are good at, and so do their units: against a
    baseline made on another one, the last figure holds for both.
    """

    __pydantic_config__ = STRICT

    all_pct: float = 6.0
    each_pct: float = 9.0
    other_machine_pct: float = 30.0

    def allowed(self, *, is_all: bool, is_other_machine: bool) -> float:
        """Return the percentage that holds."""
        if is_other_machine:
            return self.other_machine_pct
        return self.all_pct if is_all else self.each_pct


DEFAULT_TOLERANCES: dict[str, Tolerance] = {
    "placement_success_pct": Tolerance(absolute=0.5),
    "on_time_pct": Tolerance(absolute=3.0),
    "click_to_door_mean_min": Tolerance(relative_pct=2.0),
    "click_to_door_p90_min": Tolerance(relative_pct=6.0),
    "late_mean_min": Tolerance(relative_pct=20.0, absolute=0.15),
    "ready_to_pickup_mean_min": Tolerance(relative_pct=10.0, absolute=0.25),
    "ready_to_door_mean_min": Tolerance(relative_pct=4.0),
    "cancelled_pct": Tolerance(absolute=1.0),
    "undelivered_pct": Tolerance(absolute=1.0),
    "match_time_mean_s": Tolerance(relative_pct=10.0, absolute=2.0),
    "match_time_p95_s": Tolerance(relative_pct=20.0, absolute=5.0),
    "offers_per_order": Tolerance(relative_pct=7.0),
    "km_per_order": Tolerance(relative_pct=5.0),
    "cost_per_order_usd": Tolerance(relative_pct=3.0),
    "earnings_per_h_usd": Tolerance(relative_pct=4.0),
    "eta_placement_mae_min": Tolerance(relative_pct=8.0),
}
"""Of five seeds of scenario `ci`: wide enough for the luck of a change that changes nothing much (a decision
window of six seconds instead of five), narrow enough for a third of the distance between two strategies."""
