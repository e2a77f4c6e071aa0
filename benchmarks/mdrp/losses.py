"""What strategies lose when ready times are estimated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.mdrp.published import PUBLISHED, PUBLISHED_MEAN
from benchmarks.mdrp.results import BenchmarkResult


@dataclass(frozen=True, kw_only=True)
class Loss:
    """Means of a run with estimated ready times less those of the same run with perfect ones."""

    name: str
    prep: str
    undelivered_pct: float
    ctd_min: float
    rtp_min: float


KEYS = ("undelivered_pct", "ctd_min", "rtp_min")
PAPER = Loss(
    name=PUBLISHED.name,
    prep=PUBLISHED_MEAN.prep,
    **{key: PUBLISHED_MEAN.mean[key] - PUBLISHED.mean[key] for key in KEYS},
)
"""The published loss, over all 240 instances."""


def losses(results: Sequence[BenchmarkResult]) -> list[Loss]:
    """Return the loss of every run with estimates whose like with perfect times is among the results.

    Alike: strategy with parameters, prepositioning, seed. In the order of the results.
    """
    perfect = {_key(result): result.mean() for result in results if result.prep == "perfect"}
    found = []
    for result in results:
        if result.prep == "perfect" or _key(result) not in perfect:
            continue
        ours, best = result.mean(), perfect[_key(result)]
        found.append(
            Loss(
                name=result.label,
                prep=result.prep,
                **{key: ours[key] - best[key] for key in KEYS},
            )
        )
    return found


def _key(result: BenchmarkResult) -> tuple[str, str, int]:
    return result.label, result.preposition, result.seed
