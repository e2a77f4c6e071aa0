"""The registry of ETA models: by id, or as ``package.module:Class``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.registry import Description, Registry
from eta.contract import EtaModel

ETA_MODELS: Registry[EtaModel] = Registry(
    kind="ETA model",
    group="dispatchlab.eta",
    built_in={"multi_factor": "eta.multi_factor:MultiFactor"},
    flags={"quantile_levels": tuple},
    needs=("predict", "fit", "to_dict", "from_dict"),
)


def eta_model_names() -> list[str]:
    """Return the ids of all registered ETA models, sorted."""
    return ETA_MODELS.names()


def load_eta_model(spec: str, params: Mapping[str, Any] | None = None) -> EtaModel:
    """Return the ETA model that `spec` names, with `params` (values or texts by parameter name).

    `spec` is a registered id or ``package.module:Class``; modules are also looked for in the current folder.

    Raises:
        UnknownNameError: no such model, class or parameter; the message names the nearest one.
        UserError: the module cannot be imported, or a value is of the wrong type or out of range.
        ContractError: the class is not a frozen, keyword-only dataclass with the attributes of an ETA model.
    """
    return ETA_MODELS.load(spec, params)


def describe(model: EtaModel | type[EtaModel]) -> Description:
    """Return a model's name, summary, quantile levels and parameters with types, defaults and docs."""
    return ETA_MODELS.describe(model)
