"""Objectives by name: what a second, or an order, is worth, as weights that a strategy takes as one text.

parse_objective("click_to_door + 2*lateness + 0.1*driver_time")
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache

from domain.errors import UnknownNameError, UserError
from domain.registry import check_parameters, param

FRESH_S = 900.0
"""Age of food, since it was ready, at which a second more costs as much as a second of click-to-door."""
FAIR_S = 60.0
"""Worth, seconds, of an order that goes to a driver who is not short of orders."""


@dataclass(frozen=True, kw_only=True)
class Objective:
    """Weights of what is to be small, each in seconds of a customer; a term left out weighs nothing.

    The cost of a set of routes is the sum over the terms of weight x

    - `click_to_door`: seconds until delivery, over orders;
    - `lateness`: seconds beyond the promised delivery, over orders;
    - `freshness`: age^2 / (2 x 900 s) of the food at delivery, over orders; age is since it was (estimated)
      ready, so a second more costs little while food is fresh, and as much as click-to-door at 15 minutes;
    - `driver_time`: seconds until the driver is done, over drivers, waiting included;
    - `driving`: seconds of driving, over drivers;
    - `fairness`: 60 s x (1 - `driver_short_orders`, clamped to [0, 1]) for each order newly given
      to a driver: work goes to those who have earned less than they want, or than they are guaranteed.
    """

    click_to_door: float = param(0.0, "seconds until delivery", at_least=0)
    lateness: float = param(0.0, "seconds beyond the promised delivery", at_least=0)
    freshness: float = param(0.0, "age of the food at delivery, growing with its square", at_least=0)
    driver_time: float = param(0.0, "seconds until the driver is done", at_least=0)
    driving: float = param(0.0, "seconds of driving", at_least=0)
    fairness: float = param(0.0, "minutes per order given to a driver who is not short of orders", at_least=0)

    def __post_init__(self) -> None:
        check_parameters(self)


SOONEST = Objective(click_to_door=1.0)
"""Every order as soon as possible, and nothing else."""
TERMS = tuple(field.name for field in fields(Objective))
"""The names of all terms."""


@cache
def parse_objective(text: str) -> Objective:
    """Return the objective that a sum of terms names, such as ``click_to_door + 2*lateness``.

    A term is a name or ``weight*name``; blanks are free; a term that stands twice counts twice.

    Raises:
        UnknownNameError: no such term; the message names the nearest one.
        UserError: a weight is not a finite number >= 0, or all weights are zero.
    """
    weights = dict.fromkeys(TERMS, 0.0)
    for part in text.split("+"):
        weight, _, name = part.rpartition("*")
        if name.strip() not in weights:
            raise UnknownNameError("objective term", name.strip(), TERMS)
        weights[name.strip()] += _number(weight, part) if weight else 1.0
    objective = Objective(**weights)
    if objective == Objective():
        raise UserError(f"objective {text!r} weighs nothing")
    return objective


def _number(text: str, part: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UserError(f"objective: {part.strip()!r} is not of the form weight*name") from None
