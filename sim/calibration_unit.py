"""The piece of work that calibrations count in: a little of what a simulation does all the time.

A tight loop will not do: neighbours who crowd the caches slow it down by another factor than a simulator,
whose code is wide. So this is wide, too: a bit of many things, in Python for the most part. What was tried is
in docs/decisions/0014-gate.md.
"""

from __future__ import annotations

import copy
import statistics
import string
import textwrap
from collections import Counter
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import simpy

VERSION = 1
"""Of the unit: who changes the work below counts it up, since different units do not compare."""
_NESTED = {"a": [1, 2, {"b": (3, 4)}], "c": {"d": [5, 6]}}
_ROWS = np.random.default_rng(1).integers(0, 4096, 40)
_COLUMN = np.arange(4096.0)


@dataclass(frozen=True)
class _Row:
    number: int
    amount: float
    name: str


def work() -> None:
    """Do one unit of work, about a third of a millisecond; it leaves nothing behind."""
    _records()
    _texts()
    _events()
    _arrays()


def _records() -> None:
    copy.deepcopy(_NESTED)
    row = _Row(1, 2.0, "x")
    for number in range(4):
        row = replace(row, number=number)
    sorted(_NESTED, key=lambda key: _NESTED[key].__class__.__name__)


def _texts() -> None:
    string.Formatter().format("{a:>5} {b!r:.4}", a=1, b="order")
    textwrap.shorten("a simulated order goes to a driver", 20)
    Counter("abracadabra").most_common(2)
    _ = Fraction(3, 7) + Fraction(2, 5) * Fraction(9, 4)
    statistics.mean([1.5, 2.5, 3.25])


def _events() -> None:
    env = simpy.Environment()

    def wait(delay_s: float) -> simpy.events.ProcessGenerator:
        for _ in range(3):
            yield env.timeout(delay_s)

    for delay_s in (1.0, 2.0, 3.0):
        env.process(wait(delay_s))
    env.run()


def _arrays() -> None:
    few = np.empty(20)
    few[:] = _COLUMN[_ROWS[:20]]
    np.concatenate((few, np.array([1.0, 2.0, 3.0])))
    np.isnan(few).any()
    np.clip(few, 1.0, 9.0).tolist()
    np.searchsorted(_COLUMN, few[:5])
