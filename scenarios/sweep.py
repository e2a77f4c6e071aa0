"""The grid of a sweep: strategies times the values of what is varied, each point a strategy and overrides."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from domain.errors import ScenarioError, UserError, did_you_mean

_LONGEST_NAME = 120
_NOT_VARIED = {
    "seed": "seeds have an option of their own, --seeds",
    "strategy": "strategies have an option of their own, --strategies",
    "name": "a scenario has one name",
    "description": "it changes no run",
    "extends": "it can only stand in a file",
}


@dataclass(frozen=True, kw_only=True)
class Varied:
    """A scenario's key, or with `strategy` a parameter of that strategy, and the values that it takes."""

    key: str
    values: tuple[str, ...]
    strategy: str = ""

    @property
    def name(self) -> str:
        """What it is called: ``drivers``, or ``batch:window_s``."""
        return f"{self.strategy}:{self.key}" if self.strategy else self.key


@dataclass(frozen=True, kw_only=True)
class Point:
    """One point of the grid.

    `asked` is the strategy as it was asked for, `strategy` the same with varied parameters, `overrides` what
    is varied of the scenario as ``key=value``, `varied` all values by name, as written.
    """

    asked: str
    strategy: str
    overrides: tuple[str, ...]
    varied: dict[str, str]


def read_varied(item: str) -> Varied:
    """Read a ``key=v1,v2`` or ``strategy:parameter=v1,v2``; commas within brackets and quotes part nothing.

    Raises:
        ScenarioError: no key, no value, or a key that is not for varying.
    """
    name, equals, text = item.partition("=")
    strategy, _, key = name.strip().rpartition(":")
    values = tuple(dict.fromkeys(value.strip() for value in _split(text)))
    if not equals or not key or not all(values):
        raise ScenarioError(
            f"--vary {item}: must be key=value,value,... such as drivers=60,80 or batch:window_s=5,10"
        )
    if not strategy and key in _NOT_VARIED:
        raise ScenarioError(f"--vary {item}: {key!r} is not for varying: {_NOT_VARIED[key]}")
    return Varied(key=key, values=values, strategy=strategy)


def grid(strategies: Sequence[str], varied: Sequence[Varied]) -> list[Point]:
    """Return the points of strategies times values, in that order; each point once.

    A strategy's parameter is varied for that strategy only.

    Raises:
        UserError: a key is varied twice, or a parameter of a strategy that is not among `strategies`, or one
        that is written there already.
    """
    _check(strategies, varied)
    points = []
    for asked in dict.fromkeys(strategies):
        own = [each for each in varied if each.strategy in ("", _id(asked))]
        for values in product(*(each.values for each in own)):
            chosen = list(zip(own, values, strict=True))
            parameters = [f":{each.key}={value}" for each, value in chosen if each.strategy]
            points.append(
                Point(
                    asked=asked,
                    strategy="".join([asked, *parameters]),
                    overrides=tuple(f"{each.key}={value}" for each, value in chosen if not each.strategy),
                    varied={each.name: value for each, value in chosen},
                )
            )
    return points


def folder_name(*parts: str) -> str:
    """Return a folder's name for scenario, strategy, seed and the like: plain, and one per list of parts."""
    text = "-".join(parts)
    plain = "".join(c if c.isalnum() or c in "._=-" else "-" for c in text)
    if plain == text.replace(":", "-") and len(plain) <= _LONGEST_NAME:
        return plain
    return f"{plain[:_LONGEST_NAME]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _check(strategies: Sequence[str], varied: Sequence[Varied]) -> None:
    ids = [_id(text) for text in strategies]
    seen: set[str] = set()
    for each in varied:
        if each.name in seen:
            raise UserError(f"--vary {each.name}: given twice; put all its values into one")
        seen.add(each.name)
        if each.strategy and each.strategy not in ids:
            hint = did_you_mean(each.strategy, ids)
            raise UserError(f"--vary {each.name}: {each.strategy!r} is not among --strategies{hint}")
        for text in strategies:
            if each.strategy == _id(text) and f":{each.key}=" in text:
                raise UserError(f"--vary {each.name}: --strategies {text} already says what it is")


def _id(strategy: str) -> str:
    """Return the id, or ``module:Class``, of a strategy's text."""
    return ":".join(part for part in strategy.split(":") if "=" not in part)


def _split(text: str) -> list[str]:
    """Return the parts between the commas that stand outside of brackets and quotes."""
    parts, depth, quote = [""], 0, ""
    for letter in text:
        if letter == "," and not depth and not quote:
            parts.append("")
            continue
        parts[-1] += letter
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        else:
            depth += (letter in "[{") - (letter in "]}")
    return parts
