"""A row of the gate: one comparison and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from reports.metric import Metric
from reports.statistics import Estimate

ALL = "all strategies"


class Status(Enum):
    """What a row says."""

    SAME = "unchanged"
    WITHIN = "within tolerance"
    BETTER = "improved"
    WORSE = "worse"
    MISSING = "not measured any more"
    UNSTABLE = "differs between repeats"

    @property
    def fails(self) -> bool:
        """Whether the gate fails for it."""
        return self in (Status.WORSE, Status.MISSING, Status.UNSTABLE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One comparison. `worse`: by how much it is worse, in the metric's own unit; for speed, in percent.

    `metric` is None for speed (calibration units) and for repeats that differ.
    """

    label: str
    metric: Metric | None
    before: float
    now: float
    worse: Estimate
    allowed: float
    status: Status


def status_of(worse: float, allowed: float, *, is_same: bool) -> Status:
    """Return what a loss says beside what is allowed."""
    if is_same:
        return Status.SAME
    if worse > allowed:
        return Status.WORSE
    return Status.BETTER if worse < -allowed else Status.WITHIN
