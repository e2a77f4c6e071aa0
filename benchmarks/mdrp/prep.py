"""What a strategy is told about ready times: models of preparation, by id or as ``module:Class``.

The instances say when an order will be ready, to the minute, from its placement on. A platform knows less. A
model turns an instance into one estimate per order; the day (`benchmarks.mdrp.day`) shows that estimate
until it is past or the food is ready: from then on "now", or the truth. The rules keep to the truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from domain.registry import Registry, check_parameters, param
from domain.units import FloatArray, IntArray
from scenarios.mdrp import Instance

UNKNOWN_MIN = 15.0
"""Preparation time believed where no order of the day is ready yet, minutes."""


class Preparation(Protocol):
    """A model of preparation times: a frozen, keyword-only dataclass whose fields are its parameters.

    Class attributes: `name`, `summary` one line for people.
    """

    name: ClassVar[str]
    summary: ClassVar[str]

    def __call__(self, instance: Instance) -> IntArray:
        """Return the minute at which each order is believed to be ready: int64 [n]."""
        ...


PREPARATIONS: Registry[Preparation] = Registry(
    kind="preparation model",
    group="dispatchlab.preparation",
    built_in={
        "perfect": "benchmarks.mdrp.prep:Perfect",
        "restaurant-mean": "benchmarks.mdrp.prep:RestaurantMean",
        "restaurant-quantile": "benchmarks.mdrp.prep:RestaurantQuantile",
        "restaurant-past": "benchmarks.mdrp.prep:RestaurantPast",
    },
    flags={},
    needs=("__call__",),
)


@dataclass(frozen=True, kw_only=True)
class Perfect:
    """The truth, from placement on: the rule of the public instances."""

    name: ClassVar[str] = "perfect"
    summary: ClassVar[str] = "ready times are known from placement on"

    def __call__(self, instance: Instance) -> IntArray:
        """Return the true ready times."""
        return instance.ready_min


@dataclass(frozen=True, kw_only=True)
class RestaurantMean:
    """Placement plus the restaurant's mean preparation time, rounded half up to whole minutes.

    The mean is of ready - placed over all orders of that restaurant in the instance itself, as in Reyes et
    al. (2018), section 5: what the restaurant is like is known, what the order is like is not.
    """

    name: ClassVar[str] = "restaurant-mean"
    summary: ClassVar[str] = "the restaurant's mean preparation time over the instance"

    def __call__(self, instance: Instance) -> IntArray:
        """Return the estimates; O(n)."""
        took = instance.ready_min - instance.placed_min
        count = np.bincount(instance.restaurant)
        mean = np.bincount(instance.restaurant, took) / np.maximum(count, 1)
        return _after(instance, mean[instance.restaurant])


@dataclass(frozen=True, kw_only=True)
class RestaurantQuantile:
    """Placement plus a quantile of the restaurant's preparation times over the instance.

    Linear between order statistics; 0.5 is the median. A high level sends drivers later.
    """

    name: ClassVar[str] = "restaurant-quantile"
    summary: ClassVar[str] = "a quantile of the restaurant's preparation times over the instance"

    level: float = param(0.7, "which quantile", at_least=0, at_most=1)

    def __post_init__(self) -> None:
        check_parameters(self)

    def __call__(self, instance: Instance) -> IntArray:
        """Return the estimates; O(n log n)."""
        took = instance.ready_min - instance.placed_min
        minutes = np.zeros(len(took))
        for restaurant in np.unique(instance.restaurant):
            own = instance.restaurant == restaurant
            minutes[own] = np.quantile(took[own], self.level)
        return _after(instance, minutes)


@dataclass(frozen=True, kw_only=True)
class RestaurantPast:
    """Placement plus a mean of what is known at that moment: orders that are ready by then.

    The mean over the restaurant's earlier orders, drawn to the mean over everybody's by `prior_orders`
    pretended orders; 15 minutes as long as nothing is ready. Unlike `RestaurantMean` it knows nothing of the
    rest of the day.
    """

    name: ClassVar[str] = "restaurant-past"
    summary: ClassVar[str] = "the restaurant's mean over the orders that are ready at placement"

    prior_orders: float = param(2.0, "weight of everybody's mean, in orders", at_least=0.01)

    def __post_init__(self) -> None:
        check_parameters(self)

    def __call__(self, instance: Instance) -> IntArray:
        """Return the estimates; O(n^2 / 8) bytes and steps, n some thousands."""
        placed, ready = instance.placed_min, instance.ready_min
        took = (ready - placed).astype(np.float64)
        is_known = ready[None, :] <= placed[:, None]
        everybody = _mean(is_known, took, UNKNOWN_MIN)
        is_own = is_known & (instance.restaurant[None, :] == instance.restaurant[:, None])
        total = is_own @ took + self.prior_orders * everybody
        return _after(instance, total / (is_own.sum(axis=1) + self.prior_orders))


def _mean(
    is_known: np.ndarray[tuple[int, int], np.dtype[np.bool_]], took: FloatArray, other: float
) -> FloatArray:
    """Return per row the mean of what is known, else `other`."""
    count = is_known.sum(axis=1)
    mean: FloatArray = np.where(count > 0, (is_known @ took) / np.maximum(count, 1), other)
    return mean


def _after(instance: Instance, minutes: FloatArray) -> IntArray:
    """Return placement plus minutes, rounded half up."""
    believed: IntArray = instance.placed_min + np.floor(minutes + 0.5).astype(np.int64)
    return believed
