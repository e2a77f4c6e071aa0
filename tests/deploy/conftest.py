"""A folder for servers, and the end of whatever a test leaves running in it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.server import last_server


@pytest.fixture
def folder() -> Iterator[Path]:
    """A path for servers' data that PostgreSQL's user can reach: pytest's own folders are closed."""
    scratch = Path(tempfile.mkdtemp(prefix="dispatchlab-deploy-"))
    scratch.chmod(0o711)
    yield scratch / "servers"
    for record in scratch.rglob("server.json"):
        server = last_server(record.parent)
        if server is not None:
            server.kill()
    shutil.rmtree(scratch)
