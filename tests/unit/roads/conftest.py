"""Fixtures of the roads tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture
def data_dir() -> Path:
    """The folder of real data; tests that use it are marked `data` (see tests/conftest.py)."""
    return Path(os.environ["DISPATCHLAB_DATA"])
