"""The stores in PostgreSQL, empty, as the contract tests have them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.stores.backend import Backend
from tests.contract.stores.on_postgres import BUILDERS, Home, home


@pytest.fixture
def backend() -> Iterator[Backend]:
    """Empty stores."""
    yield from BUILDERS["postgres"]()


@pytest.fixture
def here(backend: Backend) -> Home:
    """The schema and the handle behind the stores."""
    return home()
