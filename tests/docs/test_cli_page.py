"""docs/cli.md is what the commands say of themselves."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "cli.md"


def _reference() -> ModuleType:
    spec = spec_from_file_location("cli_reference", HERE / "cli_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


REFERENCE = _reference()


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == REFERENCE.page(), "docs/cli.md is stale: run `make docs`"


@pytest.mark.parametrize(("path", "command"), list(REFERENCE.commands()), ids=lambda value: str(value))
def test_every_command_and_parameter_says_what_it_is_for(path: str, command: object) -> None:
    assert getattr(command, "help", None), path
    for param in getattr(command, "params", []):
        assert param.help, f"dispatchlab {path}: {param.name} has no help"
