"""Rows that will not change any more, laid aside in compressed blocks."""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterator
from operator import methodcaller
from typing import Any

import msgspec

Row = tuple[Any, ...]

_BLOCK = 256
_NOWHERE, _OPEN = -2, -1
_FASTEST = 1
_encode = msgspec.msgpack.Encoder(enc_hook=methodcaller("item")).encode  # numpy's numbers as Python's
_decode = msgspec.msgpack.Decoder(dict[int, Row]).decode


class Archive:
    """Tuples of what MessagePack holds, by id, whole numbers from 1.

    Tuples and enums within them come back as lists and numbers. A block is packed when it is full. Reading a
    row unpacks its block, the latest of which is kept.
    """

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._block_of = array("i")
        self._open: dict[int, Row] = {}
        self._unpacked: tuple[int, dict[int, Row]] = (_NOWHERE, {})

    def put(self, number: int, row: Row) -> None:
        """Lay a row aside."""
        missing = number + 1 - len(self._block_of)
        if missing > 0:
            self._block_of.extend([_NOWHERE] * missing)
        self._block_of[number] = _OPEN
        self._open[number] = row
        if len(self._open) == _BLOCK:
            for one in self._open:
                self._block_of[one] = len(self._blocks)
            self._blocks.append(zlib.compress(_encode(self._open), _FASTEST))
            self._open = {}

    def get(self, number: int) -> Row | None:
        """Return a row with the values that were put; None if there is none."""
        block = self._block_of[number] if 0 <= number < len(self._block_of) else _NOWHERE
        if block == _NOWHERE:
            return None
        if block == _OPEN:
            return self._open[number]
        if self._unpacked[0] != block:
            self._unpacked = block, self._unpack(block)
        return self._unpacked[1][number]

    def rows(self) -> Iterator[Row]:
        """Yield every row, in the order they came."""
        for block in range(len(self._blocks)):
            yield from self._unpack(block).values()
        yield from self._open.values()

    def _unpack(self, block: int) -> dict[int, Row]:
        return _decode(zlib.decompress(self._blocks[block]))
