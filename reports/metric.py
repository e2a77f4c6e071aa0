"""What a metric is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isnan
from typing import Literal

from reports.run import Run

Direction = Literal["lower", "higher", "zero", "none"]
"""Which values are better; `zero`: the nearer to zero; `none`: neither, the value only describes the run."""

Group = Literal["customers", "matching", "drivers", "eta", "wall"]

DIRECTION_TEXT: dict[Direction, str] = {
    "lower": "lower is better",
    "higher": "higher is better",
    "zero": "nearer to zero is better",
    "none": "describes, no better or worse",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """One number of a run.

    `function` returns NaN where the run has nothing to measure. `wall`: measured in wall time, so it varies
    from machine to machine and takes no part in verdicts, SLOs and paired differences.
    """

    id: str
    title: str
    unit: str
    direction: Direction
    group: Group
    definition: str
    function: Callable[[Run], float]
    decimals: int = 1

    @property
    def wall(self) -> bool:
        """Whether it is measured in wall time."""
        return self.group == "wall"

    @property
    def difference_unit(self) -> str:
        """Unit of a difference of two values: percentages differ by points."""
        return "pp" if self.unit == "%" else self.unit

    @property
    def short(self) -> str:
        """The title in a sentence, such as `match time p95`."""
        text = self.title.replace(", mean", "").replace("95th percentile", "p95").replace(", ", " ")
        text = text.replace("90th percentile", "p90").replace("10th percentile", "p10")
        return text if text.startswith("ETA") else text[0].lower() + text[1:]

    def loss(self, value: float) -> float:
        """Return a number that is smaller the better the value is (the value itself where none is)."""
        if self.direction == "higher":
            return -value
        return abs(value) if self.direction == "zero" else value

    def meets(self, value: float, target: float | None) -> bool | None:
        """Return whether the value reaches the target (equality does); None without target or value."""
        if target is None or isnan(value):
            return None
        return self.loss(value) <= self.loss(target)
