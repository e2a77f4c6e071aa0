"""What the computer needed. Wall time varies from machine to machine: no verdict rests on these."""

from __future__ import annotations

from reports.measures import percentile, ratio
from reports.metric import Metric
from reports.run import Column, Run

DECISION_STAGES = ("search", "snapshot", "travel", "strategy", "offer")


def decision_s(run: Run) -> Column:
    """Wall seconds of each dispatch decision, all stages."""
    first, *rest = (run.column("windows", f"{stage}_wall_s") for stage in DECISION_STAGES)
    return sum(rest, start=first)


def _strategy_share(run: Run) -> float:
    strategy = float(run.column("windows", "strategy_wall_s").sum())
    return 100.0 * ratio(strategy, float(decision_s(run).sum()))


WALL_METRICS = (
    Metric(
        id="decision_p95_ms",
        title="Decision, 95th percentile",
        unit="ms",
        direction="lower",
        group="wall",
        definition="95th percentile of the wall time of a dispatch decision: candidate search, snapshot, "
        "travel times, strategy, offers.",
        function=lambda run: 1000.0 * percentile(decision_s(run), 95),
        decimals=2,
    ),
    Metric(
        id="strategy_share_pct",
        title="Strategy's share of decisions",
        unit="%",
        direction="none",
        group="wall",
        definition="Wall time of the strategy itself, without travel times, of all decision time.",
        function=_strategy_share,
    ),
    Metric(
        id="orders_per_wall_s",
        title="Simulation speed",
        unit="orders/s",
        direction="higher",
        group="wall",
        definition="Orders simulated per second of wall time, set-up left out.",
        function=lambda run: ratio(run.column("orders", "order").size, float(run.info["wall_s"])),
        decimals=0,
    ),
)
