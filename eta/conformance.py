"""Checks that any ETA model must pass: `check_eta_model(model)`, or ``python -m eta.conformance NAME``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import numpy as np

from domain.errors import ContractError, DispatchlabError
from domain.registry import check_parameters
from domain.units import IntArray
from eta.contract import EtaFeatures, EtaModel, EtaPrediction
from eta.registry import ETA_MODELS, load_eta_model
from eta.testing import make_features, make_history

Check = Callable[[EtaModel, int], None]
SIZES = (0, 1, 200)


def check_eta_model(model: EtaModel, *, seeds: tuple[int, ...] = (0, 1, 2)) -> list[str]:
    """Run every check for every seed; return the names of the checks that ran.

    Raises:
        ContractError: a check failed; the message names the check and the seed that repeat it.
    """
    for name in CHECKS:
        for seed in seeds:
            _run(name, model, seed)
    return list(CHECKS)


def _run(name: str, model: EtaModel, seed: int) -> None:
    try:
        CHECKS[name](model, seed)
    except Exception as error:  # what the model raises is its failure, too
        problem = str(error) if isinstance(error, DispatchlabError) else f"it raises {error!r}"
        kind = f"{type(model).__module__}:{type(model).__name__}"
        raise ContractError(
            f"check {name!r} failed, seed {seed}: {problem} (python -m eta.conformance {kind} --seed {seed})"
        ) from error


def _require(is_met: bool, problem: str) -> None:
    if not is_met:
        raise ContractError(problem)


def is_frozen_dataclass(model: EtaModel, seed: int) -> None:  # noqa: ARG001  # every check takes a seed
    """A frozen, keyword-only dataclass with ascending quantile levels within (0, 1)."""
    problems = ETA_MODELS.problems(type(model))
    _require(not problems, "; ".join(problems))
    check_parameters(model)
    levels = model.quantile_levels
    _require(len(levels) > 0 and list(levels) == sorted(set(levels)), "quantile_levels must ascend")
    _require(levels[0] > 0.0 and levels[-1] < 1.0, "quantile_levels must lie within (0, 1)")
    try:
        model.name = "changed"  # type: ignore[misc]  # must fail: it is frozen
    except FrozenInstanceError:
        return
    raise ContractError("its attributes can be changed")


def predicts_well_formed(model: EtaModel, seed: int) -> None:
    """Documented shapes and dtypes, finite, non-negative, quantiles non-decreasing, for any n."""
    for n in SIZES:
        answer = model.predict(make_features(n, seed=seed))
        shapes = {"mean_s": (n,), "quantiles_s": (n, len(model.quantile_levels))}
        arrays = {"mean_s": answer.mean_s, "quantiles_s": answer.quantiles_s, **answer.breakdown}
        for name, array in arrays.items():
            is_right = array.dtype == np.float64 and array.shape == shapes.get(name, (n,))
            _require(is_right, f"of {n} orders, {name} is {array.dtype} {array.shape}")
            _require(bool(np.isfinite(array).all()), f"of {n} orders, {name} is not finite")
        _require(bool((answer.mean_s >= 0.0).all()), "mean_s is negative somewhere")
        _require(bool((answer.quantiles_s >= 0.0).all()), "quantiles_s are negative somewhere")
        _require(bool((np.diff(answer.quantiles_s, axis=1) >= 0.0).all()), "quantiles_s decrease somewhere")
        _require(len(answer.breakdown) > 0, "the breakdown is empty")


def predicts_alone_as_among_others(model: EtaModel, seed: int) -> None:
    """An order's prediction does not depend on the others asked for with it, or on their order."""
    features = make_features(60, seed=seed)
    together = model.predict(features)
    shuffled = np.random.default_rng(seed).permutation(60)
    again = model.predict(_rows(features, shuffled))
    _require(_close(together.mean_s[shuffled], again.mean_s), "the order of rows matters")
    for i in range(60):
        alone = model.predict(_rows(features, np.array([i])))
        is_same = _close(alone.mean_s[0], together.mean_s[i]) and _close(
            alone.quantiles_s[0], together.quantiles_s[i]
        )
        _require(is_same, f"row {i} is predicted differently when asked for alone")


def repeats_itself(model: EtaModel, seed: int) -> None:
    """The same features, writable this time, give the same prediction and are left unchanged."""
    features = make_features(200, seed=seed)
    writable = EtaFeatures(**{name: array.copy() for name, array in vars(features).items()})
    _same(model.predict(features), model.predict(writable), "it predicts differently the second time")
    for name, array in vars(features).items():
        is_same = np.array_equal(array, getattr(writable, name), equal_nan=array.dtype.kind == "f")
        _require(is_same, f"it changes {name}")


def fits_without_changing(model: EtaModel, seed: int) -> None:
    """`fit` returns a valid model of the same class, leaves the receiver as it was and is repeatable."""
    history, features = make_history(seed=seed), make_features(100, seed=seed + 7)
    before = model.predict(features)
    fitted = model.fit(history)
    _require(type(fitted) is type(model), f"fit returns a {type(fitted).__name__}")
    _same(before, model.predict(features), "fit changes the receiver")
    _same(fitted.predict(features), model.fit(history).predict(features), "fit is not repeatable")
    predicts_well_formed(fitted, seed)
    for n in (0, 1):
        model.fit(make_history(n, seed=seed)).predict(features)


def learns(model: EtaModel, seed: int) -> None:
    """Fitted to a history, it is no worse on that history than before."""
    history = make_history(seed=seed)
    errors = [
        float(np.abs(each.predict(history.features).mean_s - history.actual_s).mean())
        for each in (model, model.fit(history))
    ]
    _require(
        errors[1] <= errors[0] * 1.02 + 1.0, f"mean absolute error rises from {errors[0]} to {errors[1]} s"
    )


def is_saved_as_data(model: EtaModel, seed: int) -> None:
    """`to_dict` survives JSON, and `from_dict` gives back a model that predicts the same."""
    features = make_features(100, seed=seed)
    for each in (model, model.fit(make_history(seed=seed))):
        try:
            text = json.dumps(each.to_dict(), allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ContractError(f"to_dict is not JSON-ready: {error}") from error
        back = type(model).from_dict(json.loads(text))
        _require(back == each, "from_dict(to_dict()) is not equal to the model")
        _same(each.predict(features), back.predict(features), "a saved model predicts differently")


CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (
        is_frozen_dataclass,
        predicts_well_formed,
        predicts_alone_as_among_others,
        repeats_itself,
        fits_without_changing,
        learns,
        is_saved_as_data,
    )
}
"""Every check by name; each takes a model and a seed and raises ContractError."""


def _rows(features: EtaFeatures, rows: IntArray) -> EtaFeatures:
    return replace(
        features, **{field.name: getattr(features, field.name)[rows] for field in fields(features)}
    )


def _close(first: Any, second: Any) -> bool:
    return bool(np.allclose(first, second, rtol=1e-9, atol=1e-6))


def _same(first: EtaPrediction, second: EtaPrediction, problem: str) -> None:
    is_same = np.array_equal(first.mean_s, second.mean_s)
    _require(is_same and np.array_equal(first.quantiles_s, second.quantiles_s), problem)


def main(arguments: list[str]) -> int:
    """Print each check and whether the model passes; return the exit code."""
    if not arguments or arguments[0].startswith("-") or len(arguments) not in (1, 3):
        print("usage: python -m eta.conformance NAME_OR_MODULE:CLASS [--seed N]")
        return 2
    seeds = (int(arguments[2]),) if len(arguments) == 3 else (0, 1, 2)
    try:
        model = load_eta_model(arguments[0])
    except DispatchlabError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    failed = 0
    for name in CHECKS:
        try:
            for seed in seeds:
                _run(name, model, seed)
            print(f"pass  {name}")
        except ContractError as error:
            failed += 1
            print(f"FAIL  {name}\n      {error}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
