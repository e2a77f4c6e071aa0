"""The checks catch what they are for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from domain.errors import ContractError, UnknownNameError
from eta.conformance import CHECKS, check_eta_model, main
from eta.multi_factor import MultiFactor
from eta.registry import describe, eta_model_names, load_eta_model


@dataclass(frozen=True, kw_only=True)
class WrongLevels(MultiFactor):
    quantile_levels: ClassVar[tuple[float, ...]] = (0.5, 0.1, 0.9)


@dataclass(frozen=True, kw_only=True)
class Decreasing(MultiFactor):
    def predict(self, features):
        answer = super().predict(features)
        return replace(answer, quantiles_s=answer.quantiles_s[:, ::-1])


@dataclass(frozen=True, kw_only=True)
class DependsOnOthers(MultiFactor):
    def predict(self, features):
        answer = super().predict(features)
        return replace(answer, mean_s=answer.mean_s + float(len(answer.mean_s)))


@dataclass(frozen=True, kw_only=True)
class WritesInputs(MultiFactor):
    def predict(self, features):
        answer = super().predict(features)
        if features.hour.flags.writeable:
            features.hour[:] = 0.0
        return answer


@dataclass(frozen=True, kw_only=True)
class FitsToSomethingElse(MultiFactor):
    def fit(self, history):
        return MultiFactor()


@dataclass(frozen=True, kw_only=True)
class Unlearns(MultiFactor):
    def fit(self, history):
        return replace(self, bias_placement_s=9_000.0)


@dataclass(frozen=True, kw_only=True)
class SavesArrays(MultiFactor):
    def to_dict(self):
        return super().to_dict() | {"handoff_s": np.float32(1.0)}


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        (WrongLevels, "is_frozen_dataclass"),
        (Decreasing, "predicts_well_formed"),
        (DependsOnOthers, "predicts_alone_as_among_others"),
        (WritesInputs, "repeats_itself"),
        (FitsToSomethingElse, "fits_without_changing"),
        (Unlearns, "learns"),
        (SavesArrays, "is_saved_as_data"),
    ],
)
def test_each_check_catches_its_fault(broken, check):
    with pytest.raises(ContractError, match=f"check '{check}' failed, seed 0.*{broken.__name__}"):
        check_eta_model(broken())


def test_the_command(capsys):
    assert main(["multi_factor"]) == 0
    printed = capsys.readouterr().out
    assert all(f"pass  {name}" in printed for name in CHECKS)
    assert main(["multifactor"]) == 2
    assert "did you mean 'multi_factor'" in capsys.readouterr().err
    assert main([]) == 2


def test_registry():
    assert "multi_factor" in eta_model_names()
    model = load_eta_model("multi_factor", {"handoff_s": "90", "spread_pickup": "-0.1,0,0.1"})
    assert model.handoff_s == 90.0
    assert model.spread_pickup == (-0.1, 0.0, 0.1)
    assert describe(model).flags == {"quantile_levels": (0.1, 0.5, 0.9)}
    with pytest.raises(UnknownNameError, match="parameter of ETA model 'multi_factor': 'handof_s'"):
        load_eta_model("multi_factor", {"handof_s": 1})
