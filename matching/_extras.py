"""Optional packages, imported when a strategy needs them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from domain.errors import UserError


def require(module: str, purpose: str) -> Any:
    """Return the module; UserError naming the pip extra when its package is not installed."""
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise UserError(f"{purpose} needs {package}: pip install 'dispatchlab[solvers]'") from error
