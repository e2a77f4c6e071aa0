"""The regression gate: runs against a committed baseline, with a tolerance per metric, quality and speed.

    baseline = read_baseline(Path("baselines/ci.json"))
    outcome = check(baseline, reports.find_runs("runs/gate"))
    print(outcome.passed, to_markdown(outcome))

Like the rest of `reports` it reads run folders only; `docs/gate.md` says how to use it.
"""

from __future__ import annotations

from reports.gate.baseline import Baseline, baseline_of
from reports.gate.check import Outcome, check
from reports.gate.files import read_baseline, write_baseline
from reports.gate.markdown import to_markdown
from reports.gate.rows import Row, Status
from reports.gate.tolerance import SpeedTolerance, Tolerance

__all__ = [
    "Baseline",
    "Outcome",
    "Row",
    "SpeedTolerance",
    "Status",
    "Tolerance",
    "baseline_of",
    "check",
    "read_baseline",
    "to_markdown",
    "write_baseline",
]
