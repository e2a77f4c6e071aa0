"""A set of whole numbers that lie close together: a bit each instead of an object each."""

from __future__ import annotations

_SHIFT = 12
_MASK = (1 << _SHIFT) - 1


class Marks:
    """Numbers that have been marked, in chunks of 4,096 bits."""

    def __init__(self) -> None:
        self._chunks: dict[int, int] = {}

    def __contains__(self, number: int) -> bool:
        return bool(self._chunks.get(number >> _SHIFT, 0) >> (number & _MASK) & 1)

    def add(self, number: int) -> None:
        """Mark a number; marking it again does nothing."""
        chunk = number >> _SHIFT
        self._chunks[chunk] = self._chunks.get(chunk, 0) | 1 << (number & _MASK)
