"""Every registered ETA model passes the public conformance checks and is documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from eta.conformance import CHECKS, check_eta_model
from eta.registry import describe, eta_model_names, load_eta_model

DOCS = Path(__file__).parents[2] / "docs" / "eta.md"


@pytest.fixture(params=eta_model_names())
def model(request):
    return load_eta_model(request.param)


def test_conforms(model):
    assert check_eta_model(model) == list(CHECKS)


def test_is_registered_under_its_name(model):
    assert load_eta_model(model.name) == model


def test_model_and_every_parameter_are_documented(model):
    said = describe(model)
    section = re.search(rf"^## `{said.name}`\n(.*?)(?=^## |\Z)", DOCS.read_text(), re.M | re.S)
    assert section, f"docs/eta.md has no section `{said.name}`"
    for parameter in said.parameters:
        row = re.search(rf"^\| `{parameter.name}` \| ([^|]*) \|", section[1], re.M)
        assert row, f"{said.name}: {parameter.name} is not in the table"
        default = parameter.default if isinstance(parameter.default, tuple) else (parameter.default,)
        assert tuple(float(part) for part in row[1].split(",")) == default, parameter.name
