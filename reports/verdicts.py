"""The answer in words: which strategy met the objectives, and by how much."""

from __future__ import annotations

from dataclasses import dataclass

from reports.comparison import Comparison
from reports.formats import (
    difference_interval_text,
    difference_text,
    listing,
    plural,
    target_text,
    value_text,
)
from reports.metrics import METRICS
from reports.statistics import Estimate, Winner

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """One sentence that answers, sentences that say by how much, and what the answer rests on."""

    headline: str
    details: tuple[str, ...]
    basis: str


def verdict(comparison: Comparison) -> Verdict:
    """Say which variants meet the objectives."""
    details = [*_missed(comparison), *_margins(comparison)]
    return Verdict(_headline(comparison), tuple(details), _basis(comparison))


def winner_text(comparison: Comparison, name: str) -> str:
    """Say in short who wins a metric, and its lead over the runner-up: `batch by 3.1 min [2.2, 4.0]`."""
    metric, found = METRICS[name], comparison.winner(METRICS[name])
    if found is None or found.margin is None:
        return "–"
    lead = found.margin.difference
    amount = difference_text(metric, lead).lstrip("+")
    if not found.margin.difference.n:
        return "no common seeds"
    if not lead.has_interval:
        return f"{found.names[0]} by {amount}" if lead.mean else "equal"
    if not found.is_established:
        return _tie(found.names, len(comparison.labels))
    return f"{found.names[0]} by {amount} {difference_interval_text(metric, lead)}"


def _headline(comparison: Comparison) -> str:
    measured = [name for name in comparison.targets if _is_measured(comparison, name)]
    if not comparison.targets:
        return "The scenario sets no objectives."
    if not measured:
        return "No objective could be measured: the runs hold no orders."
    total, leader = len(measured), comparison.leader
    met = {label: len(comparison.passed(label)) for label in comparison.labels}
    won = {label: len(comparison.won(label)) for label in comparison.labels}
    equals = [label for label in met if met[label] == met[leader] and label != leader]
    score = f"{_score(met[leader], total)} SLOs"
    if not equals:
        return f"{leader} meets {score}{_others(met, [leader])}."
    if won[leader] > max(won[label] for label in equals):
        return f"{leader} leads: it meets {score} and wins on {won[leader]}{_others(met, [leader])}."
    return f"{listing([leader, *equals])} each meet {score}{_others(met, [leader, *equals])}."


def _others(met: dict[str, int], named: list[str]) -> str:
    """Say what the others meet, the best first; beyond a few, only how many they are."""
    rest = sorted((label for label in met if label not in named), key=lambda label: -met[label])
    if not rest:
        return ""
    shown, hidden = (
        (rest, []) if len(rest) <= _MOST_NAMED else (rest[: _MOST_NAMED - 1], rest[_MOST_NAMED - 1 :])
    )
    words = [f"{label} {met[label] or 'none'}" for label in shown]
    if hidden:
        words.append(f"{len(hidden)} others at most {met[hidden[0]] or 'none'}")
    return f"; {listing(words)}"


def _tie(names: tuple[str, ...], total: int) -> str:
    if len(names) <= _MOST_NAMED:
        return f"tie: {listing(list(names))}"
    return f"tie of all {total}" if len(names) == total else f"tie of {len(names)}, {names[0]} ahead"


def _score(met: int, total: int) -> str:
    return f"all {total}" if met == total else f"{met or 'none'} of {'the ' if not met else ''}{total}"


def _is_measured(comparison: Comparison, name: str) -> bool:
    return any(comparison.passes(label, METRICS[name]) is not None for label in comparison.labels)


def _missed(comparison: Comparison) -> list[str]:
    label, targets = comparison.leader, comparison.targets
    missed = [METRICS[name] for name in targets if comparison.passes(label, METRICS[name]) is False]
    if not missed:
        return []
    texts = [
        f"{metric.short} ({value_text(metric, comparison.estimate(label, metric).mean)}, "
        f"target {target_text(metric, targets[metric.id])})"
        for metric in missed
    ]
    return [f"{label} misses {listing(texts)}."]


def _margins(comparison: Comparison) -> list[str]:
    found = {name: comparison.winner(METRICS[name]) for name in comparison.targets}
    rows = {name: each for name, each in found.items() if each and each.margin}
    sentences: list[str] = []
    for label in comparison.labels:
        won = [name for name in comparison.won(label) if name in rows]
        if won:
            sentences.append(f"{label} wins on {listing([_lead(name, rows[name]) for name in won])}.")
    ties = [METRICS[name].short for name, each in rows.items() if not each.is_established]
    if ties and len(comparison.seeds) > 1:
        sentences.append(f"No winner can be told on {listing(ties)}.")
    return sentences


def _lead(name: str, found: Winner) -> str:
    lead = found.margin.difference if found.margin else Estimate(0.0, 0.0, 0.0, 0)
    amount = difference_text(METRICS[name], lead).lstrip("+")
    return f"{METRICS[name].short} ({amount} ahead of {found.runner_up})"


def _basis(comparison: Comparison) -> str:
    seeds = comparison.seeds
    is_alone = len(comparison.labels) == 1
    if len(seeds) == 1:
        hint = "run more seeds to see how far chance goes" if is_alone else "no difference is established"
        return f"One seed ({seeds[0]}), so no intervals: {hint}."
    kind = "Student t" if comparison.method == "t" else "bootstrap"
    how = "paired by seed" if comparison.is_paired else "NOT paired: runs of one seed saw different orders"
    return f"Means over {plural(len(seeds), 'seed')}, 95 % {kind} intervals{'' if is_alone else f', {how}'}."
