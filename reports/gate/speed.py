"""The speed of runs beside the baseline's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from domain.errors import DataError
from reports.gate.baseline import Baseline
from reports.gate.middle import middle
from reports.gate.rows import ALL, Row, status_of
from reports.gate.source import RunTable, machine_of, units_of
from reports.run import Run


def speed_rows(baseline: Baseline, table: RunTable, *, is_other_machine: bool) -> list[Row]:
    """Return a row per strategy, and one of all where there are several.

    Each is the middle of its runs' units over the baseline's: neighbours on the machine disturb single runs.
    """
    pairs: dict[str, list[tuple[float, float]]] = {}
    for label, by_seed in table.items():
        for seed, repeats in by_seed.items():
            before = baseline.runs[label][seed].units
            if before is not None:
                pairs.setdefault(label, []).extend((before, units_of(run)) for run in repeats)
    if len(pairs) > 1:
        pairs[ALL] = [pair for own in pairs.values() for pair in own]
    return [
        _row(
            label,
            own,
            baseline.speed.allowed(is_all=label == ALL or len(pairs) == 1, is_other_machine=is_other_machine),
        )
        for label, own in pairs.items()
    ]


def _row(label: str, pairs: Sequence[tuple[float, float]], allowed: float) -> Row:
    worse = middle([100.0 * (now / before - 1.0) for before, now in pairs])
    before = sum(before for before, _ in pairs) / len(pairs)
    return Row(
        label=label,
        metric=None,
        before=before,
        now=before * (1.0 + worse.mean / 100.0),
        worse=worse,
        allowed=allowed,
        status=status_of(worse.mean, allowed, is_same=False),
    )


def is_other_machine(baseline: Baseline, runs: Iterable[Run], *, source: str) -> bool:
    """Whether some run is not of a machine like the baseline's.

    Raises:
        DataError: the baseline or a run counts in other units, or in none.
    """
    if baseline.machine is None:
        raise DataError(f"{source}: holds no speeds: `gate update` with calibrated runs, or --only quality")
    is_other = False
    for run in runs:
        machine = machine_of(run)
        if machine.unit != baseline.machine.unit:
            raise DataError(
                f"{run.path}: calibrated in units of version {machine.unit}, {source} in version "
                f"{baseline.machine.unit}: `gate update`, or --only quality"
            )
        is_other = is_other or not machine.is_like(baseline.machine)
    return is_other
