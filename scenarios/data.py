"""Where real city and order data lie: outside the project, in a folder that the user names."""

from __future__ import annotations

import os
from pathlib import Path

from domain.errors import DataError

DATA_VARIABLE = "DISPATCHLAB_DATA"
DEFAULT_DATA = "../shared/data"


def data_dir() -> Path:
    """Return the data folder: the environment variable DISPATCHLAB_DATA, or ``../shared/data`` from here.

    The folder need not exist.
    """
    return Path(os.environ.get(DATA_VARIABLE) or DEFAULT_DATA)


def resolve(path: str | Path) -> Path:
    """Return an existing file or folder: absolute, or inside the data folder.

    Raises:
        DataError: there is no such thing; the message says how to name the data folder.
    """
    full = data_dir() / Path(path).expanduser()
    if full.exists():
        return full
    if Path(path).expanduser().is_absolute():
        raise DataError(f"{path}: no such file or folder")
    raise DataError(
        f"{path}: not in the data folder {data_dir()}; set {DATA_VARIABLE} to the folder that holds it"
    )
