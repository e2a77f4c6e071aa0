"""What failed during the runs, from when to when, and what that did to the queue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from domain.units import MINUTE_S, clock_text
from reports.comparison import Comparison
from reports.formats import plural
from reports.run import Run

_BEGINS = frozenset({"down", "open"})


@dataclass(frozen=True, slots=True)
class Spell:
    """A time during which a server was down or a breaker open; `end_s` is inf where it never came back."""

    market: int
    subject: str
    state: str
    start_s: float
    end_s: float
    detail: str


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """A line of the incidents table."""

    label: str
    seed: int
    what: str
    span: str
    lasted: str
    consequence: str


def spells(run: Run) -> list[Spell]:
    """Return the incidents of a run as spells, by their beginning."""
    begun: dict[tuple[int, str], Spell] = {}
    ended: list[Spell] = []
    for one in run.info.get("incidents") or []:
        key = int(one["market"]), str(one["subject"])
        if one["state"] in _BEGINS:
            begun[key] = Spell(*key, one["state"], float(one["at_s"]), np.inf, one["detail"])
        elif key in begun:
            was = begun.pop(key)
            ended.append(
                Spell(was.market, was.subject, was.state, was.start_s, float(one["at_s"]), was.detail)
            )
    return sorted([*ended, *begun.values()], key=lambda spell: (spell.start_s, spell.subject))


def incident_rows(comparison: Comparison) -> list[IncidentRow]:
    """Return the incidents of every run, strategy by strategy."""
    return [
        IncidentRow(
            label=label,
            seed=seed,
            what=f"{spell.subject} {spell.state}",
            span=_span(spell),
            lasted=_lasted(spell),
            consequence="; ".join(_consequences(run, spell)),
        )
        for label in comparison.labels
        for seed, run in comparison.runs[label].items()
        for spell in spells(run)
    ]


def _span(spell: Spell) -> str:
    end = _clock(spell.end_s) if np.isfinite(spell.end_s) else "the end"
    return f"{_clock(spell.start_s)} to {end}"


def _clock(at_s: float) -> str:
    return f"{clock_text(at_s)}:{int(at_s % MINUTE_S):02d}"


def _lasted(spell: Spell) -> str:
    seconds = spell.end_s - spell.start_s
    return f"{seconds / 60.0:.1f} min" if np.isfinite(seconds) else "not over"


def _consequences(run: Run, spell: Spell) -> Iterator[str]:
    """Say what the spell did: orders queued, decisions missed, and how the queue ended."""
    if spell.detail:
        yield spell.detail
    if spell.subject != "breaker matching":
        return
    at_s, market = run.column("windows", "at_s"), run.column("windows", "market")
    during = (market == spell.market) & (at_s >= spell.start_s) & (at_s <= spell.end_s)
    missed = int(np.count_nonzero(during & (run.column("windows", "failed") > 0)))
    if missed:
        queued = int(run.column("windows", "orders")[during].max())
        yield f"{plural(missed, 'decision')} missed, up to {plural(queued, 'order')} queued"
    after = (market == spell.market) & (at_s > spell.end_s) & (run.column("windows", "waiting") == 0)
    if after.any():
        yield f"queue empty again at {_clock(float(at_s[after].min()))}"
