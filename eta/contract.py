"""The contract of an ETA model: features of n orders in, predicted remaining seconds out.

The same model serves one order in a service and 10,000 in a window. It reads no clock and does no I/O;
it is saved and loaded as plain data (`to_dict`, `from_dict`), never as pickled code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

from domain.units import FloatArray, IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class EtaFeatures:
    """What is known of n orders when their delivery is predicted; arrays [n].

    `state` int8 (`OrderState`); `has_driver` int8 0/1; `to_restaurant_s` float64, believed driving time the
    driver still needs to the restaurant including stops before it (0 once picked up, NaN with no driver);
    `prep_remaining_s_est` float64, quoted ready moment minus now, negative when overdue; `to_customer_s`
    float64, believed time from the restaurant (once picked up, from the driver) to the customer including
    stops before it; `hour` float64, local hour of day; `load` int16, other orders the driver has;
    `restaurant` int64, its id.
    """

    state: IntArray
    has_driver: IntArray
    to_restaurant_s: FloatArray
    prep_remaining_s_est: FloatArray
    to_customer_s: FloatArray
    hour: FloatArray
    load: IntArray
    restaurant: IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class EtaPrediction:
    """Remaining seconds until delivery.

    `mean_s` float64 [n]; `quantiles_s` float64 [n, q] for the model's `quantile_levels`, non-decreasing along
    q; `breakdown` part name -> float64 [n], seconds, for people to read.
    """

    mean_s: FloatArray
    quantiles_s: FloatArray
    breakdown: Mapping[str, FloatArray]


@dataclass(frozen=True, kw_only=True, eq=False)
class EtaHistory:
    """Past predictions to learn from: features, and `actual_s` float64 [n], the seconds that remained."""

    features: EtaFeatures
    actual_s: FloatArray


class EtaModel(Protocol):
    """An ETA model: a frozen, keyword-only dataclass whose fields are its parameters."""

    name: ClassVar[str]
    summary: ClassVar[str]
    quantile_levels: ClassVar[tuple[float, ...]]

    def predict(self, features: EtaFeatures) -> EtaPrediction:
        """Predict the remaining seconds until delivery."""
        ...

    def fit(self, history: EtaHistory) -> Self:
        """Return a model fitted to the history; the receiver is unchanged."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Return the parameters as JSON-ready data."""
        ...

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild a model from `to_dict`'s data."""
        ...
