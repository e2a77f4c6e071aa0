"""`MultiFactor`: the later of driver and food, then the drive to the customer, then the handoff."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from enum import IntEnum
from typing import Any, ClassVar, Self

import numpy as np
from numba import njit, types

from domain.errors import ContractError, DataError
from domain.order_state import OrderState
from domain.registry import check_parameters, param, typed_parameters
from domain.units import FloatArray, IntArray
from eta.contract import EtaFeatures, EtaHistory, EtaPrediction

PARTS = ("to_restaurant", "preparation", "to_customer", "buffer", "correction")
"""The parts of the breakdown."""
_ROW_OF = {name: row for row, name in enumerate(PARTS)}


class Stage(IntEnum):
    """At which point of an order's life it is predicted."""

    PLACEMENT = 0
    ASSIGNMENT = 1
    PICKUP = 2
    OVER = 3


@dataclass(frozen=True, kw_only=True)
class MultiFactor:
    """Predict ``max(to_restaurant, preparation) + to_customer + buffer + correction`` seconds.

    - to_restaurant: the believed drive, 0 once picked up; while nobody is assigned, the usual time until
    somebody
      is (`dispatch_s`) plus the usual drive (`unassigned_drive_s`).
    - preparation: the quote's rest, 0 once ready; never below `overdue_floor_s` before that, since an overdue
      kitchen is not ready.
    - to_customer: the believed drive. buffer: `handoff_s`.
    - correction: the `bias` of the stage (placement: no driver yet; assignment: driver, food not picked up;
      pickup: food on board), 0 until fitted; a mean below 0 is 0.

    Quantile q of a stage is the mean times ``1 + spread``: `spread_placement`, ..., are the relative errors
    ``actual / mean - 1`` at each of `quantile_levels`. The defaults are guesses for a model that has seen no
    data. Delivered, completed and cancelled orders have nothing left: all parts are 0. O(n).
    """

    name: ClassVar[str] = "multi_factor"
    summary: ClassVar[str] = "later of driver and food, plus drive and handoff; spread learnt per stage"
    quantile_levels: ClassVar[tuple[float, ...]] = (0.1, 0.5, 0.9)

    handoff_s: float = param(180.0, "buffer for handling at the restaurant and at the door", at_least=0)
    overdue_floor_s: float = param(60.0, "least time that food not yet ready still takes", at_least=0)
    dispatch_s: float = param(30.0, "usual time until a driver has accepted", at_least=0)
    unassigned_drive_s: float = param(
        300.0, "usual drive to the restaurant, while nobody is assigned", at_least=0
    )
    bias_placement_s: float = param(0.0, "added to predictions for orders without driver")
    bias_assignment_s: float = param(0.0, "added to predictions from assignment to pickup")
    bias_pickup_s: float = param(0.0, "added to predictions once the food is on board")
    spread_placement: tuple[float, ...] = param(
        (-0.25, 0.0, 0.35), "relative error per quantile level, no driver yet"
    )
    spread_assignment: tuple[float, ...] = param(
        (-0.2, 0.0, 0.3), "relative error per quantile level, until pickup"
    )
    spread_pickup: tuple[float, ...] = param(
        (-0.25, 0.0, 0.35), "relative error per quantile level, food on board"
    )
    prior_weight: float = param(
        20.0, "observations that a stage's present values are worth in fit", at_least=0
    )

    def __post_init__(self) -> None:
        check_parameters(self)
        for spread in (self.spread_placement, self.spread_assignment, self.spread_pickup):
            if len(spread) != len(self.quantile_levels) or list(spread) != sorted(spread) or spread[0] < -1.0:
                raise ValueError(
                    f"a spread needs {len(self.quantile_levels)} ascending numbers from -1 on, not {spread!r}"
                )
        table = [self.spread_placement, self.spread_assignment, self.spread_pickup]
        factors = np.vstack([1.0 + np.array(table), np.zeros(len(self.quantile_levels))])
        biases = np.array([self.bias_placement_s, self.bias_assignment_s, self.bias_pickup_s, 0.0])
        usual_s = np.array([self.dispatch_s + self.unassigned_drive_s, self.overdue_floor_s, self.handoff_s])
        object.__setattr__(self, "_numbers", (usual_s, biases, factors))

    def predict(self, features: EtaFeatures) -> EtaPrediction:
        """Predict the remaining seconds until delivery; breakdown as in the class's formula.

        The parts of the breakdown are seconds of each factor, not a sum: driving to the restaurant and
        preparation overlap.
        """
        _, parts, mean, quantiles = self._remaining(features)
        return EtaPrediction(mean_s=mean, quantiles_s=quantiles, breakdown=_Breakdown(parts))

    def fit(self, history: EtaHistory) -> Self:
        """Return a model with bias and spread of every stage learnt from `history`.

        Bias: mean of ``actual - uncorrected prediction``. Spread: quantiles of ``actual / corrected mean -
        1``. Each is drawn towards the present value as if that had been seen `prior_weight` times, so that a
        stage with few observations moves little and one with none not at all. Orders that are over are
        ignored. O(n log n).

        Raises:
            ContractError: `actual_s` has not the features' length.
            DataError: `actual_s` holds a negative or non-finite value.
        """
        actual = np.asarray(history.actual_s, np.float64)
        stage, parts, _, _ = self._remaining(history.features)
        if actual.shape != stage.shape:
            raise ContractError(f"actual_s must have shape {stage.shape}, not {actual.shape}")
        if not (np.isfinite(actual) & (actual >= 0.0)).all():
            raise DataError("actual_s holds a negative or non-finite value")
        to_restaurant, preparation, to_customer, buffer, _ = parts
        raw = np.maximum(to_restaurant, preparation) + to_customer + buffer
        learnt: dict[str, Any] = {}
        for each in (Stage.PLACEMENT, Stage.ASSIGNMENT, Stage.PICKUP):
            rows = stage == each
            learnt |= self._fit_stage(each.name.lower(), raw[rows], actual[rows])
        return replace(self, **learnt)

    def to_dict(self) -> dict[str, Any]:
        """Return the parameters as JSON-ready data, with the model's name."""
        values = {
            key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()
        }
        return {"name": self.name, **values}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild a model from `to_dict`'s data.

        Raises:
            DataError: the data is another model's.
            UserError: a parameter is unknown (the message names the nearest one) or of the wrong type.
        """
        if data.get("name") != cls.name:
            raise DataError(f"this is data of ETA model {data.get('name')!r}, not of {cls.name!r}")
        params = {key: value for key, value in data.items() if key != "name"}
        return cls(**typed_parameters(f"ETA model {cls.name!r}", cls, params))

    def _remaining(self, features: EtaFeatures) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
        """Return `Stage` int8 [n], `PARTS` float64 [5, n], mean float64 [n] and quantiles float64 [n, q]."""
        answer: tuple[IntArray, FloatArray, FloatArray, FloatArray] = _remaining(
            np.ascontiguousarray(features.state, np.int8),
            np.ascontiguousarray(features.has_driver, np.int8),
            np.ascontiguousarray(features.to_restaurant_s, np.float64),
            np.ascontiguousarray(features.prep_remaining_s_est, np.float64),
            np.ascontiguousarray(features.to_customer_s, np.float64),
            *self._numbers,  # type: ignore[attr-defined]  # set in __post_init__
        )
        return answer

    def _fit_stage(self, name: str, raw: FloatArray, actual: FloatArray) -> dict[str, Any]:
        """Return the parameters of one stage, drawn towards the present ones."""
        old_bias = getattr(self, f"bias_{name}_s")
        if not len(raw):
            return {}
        trust = len(raw) / (len(raw) + self.prior_weight)
        bias = old_bias + trust * (float(np.mean(actual - raw)) - old_bias)
        mean = np.maximum(raw + bias, 1.0)
        seen = np.quantile(actual / mean - 1.0, self.quantile_levels)
        old_spread = np.array(getattr(self, f"spread_{name}"))
        spread = np.maximum.accumulate(old_spread + trust * (seen - old_spread))
        return {f"bias_{name}_s": bias, f"spread_{name}": tuple(float(value) for value in spread)}


class _Breakdown(Mapping[str, FloatArray]):
    """The rows of float64 [5, n] by the names of `PARTS`, each made when it is read: few predictions are."""

    def __init__(self, parts: FloatArray) -> None:
        self._parts = parts

    def __getitem__(self, name: str) -> FloatArray:
        row: FloatArray = self._parts[_ROW_OF[name]]
        return row

    def __iter__(self) -> Iterator[str]:
        return iter(PARTS)

    def __len__(self) -> int:
        return len(PARTS)


_PLACEMENT, _PICKUP, _OVER = int(Stage.PLACEMENT), int(Stage.PICKUP), int(Stage.OVER)
_READY, _PICKED_UP = int(OrderState.READY_FOR_PICKUP), int(OrderState.PICKED_UP)
_INT8 = types.Array(types.int8, 1, "C", readonly=True)
_FLOAT64 = types.Array(types.float64, 1, "C", readonly=True)


@njit(
    [(_INT8, _INT8, _FLOAT64, _FLOAT64, _FLOAT64, *(types.float64[::1],) * 2, types.float64[:, ::1])],
    cache=True,
    nogil=True,
    error_model="numpy",
)
def _remaining(  # type: ignore[no-untyped-def]  # numba
    state, has_driver, drive_s, prep_s, to_customer_s, usual_s, biases, factors
):
    """Return stage, parts, mean and quantiles; the signature is given, so that it never compiles late."""
    n = len(state)
    stage, parts = np.empty(n, np.int8), np.zeros((len(PARTS), n))
    mean, quantiles = np.empty(n), np.empty((n, factors.shape[1]))
    no_driver_s, overdue_floor_s, handoff_s = usual_s
    for i in range(n):
        stage[i] = has_driver[i] != 0
        if state[i] >= _PICKED_UP:
            stage[i] = _PICKUP if state[i] == _PICKED_UP else _OVER
        if stage[i] < _PICKUP:
            parts[0, i] = drive_s[i] if stage[i] > _PLACEMENT else no_driver_s
        if state[i] < _READY:
            parts[1, i] = np.maximum(prep_s[i], overdue_floor_s)
        if stage[i] != _OVER:
            parts[2, i] = to_customer_s[i]
            parts[3, i] = handoff_s
        raw = np.maximum(parts[0, i], parts[1, i]) + parts[2, i] + parts[3, i]
        parts[4, i] = np.maximum(biases[stage[i]], -raw)
        mean[i] = raw + parts[4, i]
        quantiles[i] = mean[i] * factors[stage[i]]
    return stage, parts, mean, quantiles
