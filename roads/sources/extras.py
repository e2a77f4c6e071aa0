"""Optional packages, imported when a source needs them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from domain.errors import CityError


def require(package: str, purpose: str) -> Any:
    """Return the package; CityError naming the pip extra when it is not installed."""
    try:
        return import_module(package)
    except ImportError as error:
        raise CityError(f"to {purpose}, install {package}: pip install 'dispatchlab[osm]'") from error
