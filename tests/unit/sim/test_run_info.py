"""What a run records of its packages."""

from __future__ import annotations

import numpy as np
import pytest

from domain.errors import DispatchlabError
from sim import run_info


def test_versions_are_those_of_the_packages() -> None:
    assert run_info.versions()["numpy"] == np.__version__


def test_a_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_info, "_PACKAGES", ("numpy", "no-such-package"))
    with pytest.raises(DispatchlabError, match="no-such-package is not installed: pip install"):
        run_info.versions()
