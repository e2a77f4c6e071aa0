"""Reports: read run folders, compare strategies honestly, show the answer.

runs = reports.find_runs("runs/compare-dinner")
comparison = reports.compare(runs)
print(comparison.leader, reports.verdict(comparison).headline)
reports.write_report(comparison, "out")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reports.api import to_html, write_report
    from reports.comparison import Comparison, compare
    from reports.console import summary_table, sweep_table
    from reports.machine import comparison_json, run_json
    from reports.markdown import to_markdown
    from reports.metric import Metric
    from reports.metrics import METRICS, get_metric, measure
    from reports.objectives import slo, write_slo
    from reports.run import Run, find_runs, open_run
    from reports.statistics import Estimate, Paired, Winner
    from reports.sweep import Sweep, SweptRun
    from reports.sweep_files import sweep_json, write_sweep
    from reports.verdicts import Verdict, verdict

__all__ = [
    "METRICS",
    "Comparison",
    "Estimate",
    "Metric",
    "Paired",
    "Run",
    "Sweep",
    "SweptRun",
    "Verdict",
    "Winner",
    "compare",
    "comparison_json",
    "find_runs",
    "get_metric",
    "measure",
    "open_run",
    "run_json",
    "slo",
    "summary_table",
    "sweep_json",
    "sweep_table",
    "to_html",
    "to_markdown",
    "verdict",
    "write_report",
    "write_slo",
    "write_sweep",
]

_HOMES = {
    "Comparison": "reports.comparison",
    "Estimate": "reports.statistics",
    "METRICS": "reports.metrics",
    "Metric": "reports.metric",
    "Paired": "reports.statistics",
    "Run": "reports.run",
    "Verdict": "reports.verdicts",
    "Winner": "reports.statistics",
    "Sweep": "reports.sweep",
    "SweptRun": "reports.sweep",
    "compare": "reports.comparison",
    "comparison_json": "reports.machine",
    "find_runs": "reports.run",
    "get_metric": "reports.metrics",
    "measure": "reports.metrics",
    "open_run": "reports.run",
    "run_json": "reports.machine",
    "slo": "reports.objectives",
    "summary_table": "reports.console",
    "sweep_json": "reports.sweep_files",
    "sweep_table": "reports.console",
    "to_html": "reports.api",
    "to_markdown": "reports.markdown",
    "verdict": "reports.verdicts",
    "write_report": "reports.api",
    "write_slo": "reports.objectives",
    "write_sweep": "reports.sweep_files",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: drawing and statistics take their time to load."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
