"""Reports: read run folders, compare strategies honestly, show the answer.

runs = reports.find_runs("runs/compare-dinner")
comparison = reports.compare(runs)
print(comparison.leader, reports.verdict(comparison).headline)
reports.write_report(comparison, "out")
"""

from reports.api import to_html, write_report
from reports.comparison import Comparison, compare
from reports.console import summary_table
from reports.machine import comparison_json, run_json
from reports.markdown import to_markdown
from reports.metric import Metric
from reports.metrics import METRICS, get_metric, measure
from reports.run import Run, find_runs, open_run
from reports.slo import slo, write_slo
from reports.statistics import Estimate, Paired, Winner
from reports.verdict import Verdict, verdict

__all__ = [
    "METRICS",
    "Comparison",
    "Estimate",
    "Metric",
    "Paired",
    "Run",
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
    "to_html",
    "to_markdown",
    "verdict",
    "write_report",
    "write_slo",
]
