"""The `.city` file: a magic, a checksum, a JSON header and raw arrays, in one file read in milliseconds."""

from __future__ import annotations

import hashlib
import json
import os
import struct
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.errors import CityError

MAGIC = b"DLABCITY"
FORMAT_VERSION = 1
_PREFIX = struct.Struct("<8sIQ32s")  # magic, format version, header length, sha256 of all that follows
_ALIGN = 64

Arrays = dict[str, NDArray[Any]]


def write_container(path: Path, header: dict[str, Any], arrays: Arrays) -> None:
    """Write header and arrays to `path` atomically: a reader sees the old file or the whole new one.

    Raises CityError when the folder cannot be written.
    """
    body = _body(header, arrays)
    prefix = _PREFIX.pack(MAGIC, FORMAT_VERSION, len(body[0]), _digest(body))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(prefix)
                file.writelines(body)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise CityError(f"cannot write city file {path}: {error.strerror or error}") from error


def read_container(path: Path) -> tuple[dict[str, Any], Arrays]:
    """Return header and read-only arrays of `path`.

    Raises CityError, naming the file, when it is missing, truncated, corrupt or of another version.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CityError(f"cannot read city file {path}: {error.strerror or error}") from error
    if len(data) < _PREFIX.size or data[: len(MAGIC)] != MAGIC:
        raise CityError(f"{path} is not a compiled city file (import a road source to make one)")
    _, version, header_length, digest = _PREFIX.unpack_from(data)
    if version != FORMAT_VERSION:
        raise CityError(
            f"{path} has city format {version}, this version reads {FORMAT_VERSION}: import again"
        )
    body = memoryview(data)[_PREFIX.size :]
    if hashlib.sha256(body).digest() != digest:
        raise CityError(f"{path} is truncated or corrupt (checksum differs): import again")
    header = json.loads(bytes(body[:header_length]))
    return header["user"], {name: _view(body, spec) for name, spec in header["arrays"].items()}


def _body(header: dict[str, Any], arrays: Arrays) -> list[bytes]:
    """Return the JSON header, then each array's bytes padded to the alignment."""
    plain = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    # offsets depend on the header's own length: reserve fixed-width numbers, then pad
    length = 0
    for _ in range(2):
        offset, specs = length, {}
        for name, array in plain.items():
            specs[name] = {"dtype": array.dtype.str, "shape": array.shape, "offset": f"{offset:016d}"}
            offset += -(-array.nbytes // _ALIGN) * _ALIGN
        text = json.dumps({"user": header, "arrays": specs}, ensure_ascii=False).encode()
        length = -(-(len(text) + _PREFIX.size) // _ALIGN) * _ALIGN - _PREFIX.size
    parts = [text.ljust(length)]
    for array in plain.values():
        parts.append(array.tobytes())
        parts.append(bytes(-array.nbytes % _ALIGN))
    return parts


def _digest(parts: list[bytes]) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def _view(body: memoryview, spec: dict[str, Any]) -> NDArray[Any]:
    count = int(np.prod(spec["shape"], dtype=np.int64))
    array: NDArray[Any] = np.frombuffer(
        body, dtype=np.dtype(spec["dtype"]), count=count, offset=int(spec["offset"])
    )
    return array.reshape(spec["shape"])
