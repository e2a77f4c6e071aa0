"""A growing map from arbitrary int64 ids to consecutive slots, whole batches per call.

Small ids, as databases count them, stand in a plain table; all others in one with open addressing.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from domain.errors import NotFound
from domain.units import IntArray

_FREE = -1
_MAX_PLAIN = 1 << 22  # the plain table takes 4 bytes per id, 16 MB at most
_MULTIPLIER = 0x9E3779B97F4A7C15  # 2^64 / golden ratio (Knuth, TAOCP 3, section 6.4)


class IdMap:
    """Gives each new id the next slot; ids are never forgotten."""

    def __init__(self) -> None:
        self.count = 0
        self._keys: NDArray[np.int64] = np.zeros(64, np.int64)
        self._slots: NDArray[np.int32] = np.full(64, _FREE, np.int32)
        self._plain: NDArray[np.int32] = np.full(64, _FREE, np.int32)
        self._slot_of: dict[int, int] = {}

    def add(self, driver_ids: IntArray) -> NDArray[np.int32]:
        """Return the slots of ids, [n] int32, new ones where unknown."""
        ids: NDArray[np.int64] = np.ascontiguousarray(driver_ids, dtype=np.int64)
        while 2 * (self.count + len(ids)) > len(self._keys):
            self._grow()
        listed, slots = ids.tolist(), np.empty(len(ids), np.int32)
        self._reserve_plain(max((one for one in listed if one < _MAX_PLAIN), default=_FREE))
        self.count = _insert(self._plain, self._keys, self._slots, ids, slots, self.count)
        self._slot_of.update(zip(listed, slots.tolist(), strict=True))
        return slots

    def one(self, driver_id: int) -> int:
        """Return the slot of one id, or raise NotFound."""
        try:
            return self._slot_of[driver_id]
        except KeyError:
            raise NotFound(f"no driver {driver_id}") from None

    def each(self, driver_ids: IntArray) -> list[int]:
        """Return the slots of a few ids. Raises as `find`."""
        slot_of = self._slot_of
        try:
            return [slot_of[driver_id] for driver_id in driver_ids.tolist()]
        except KeyError as unknown:
            raise NotFound(f"no driver {unknown.args[0]}") from None

    def find(self, driver_ids: IntArray) -> NDArray[np.int32]:
        """Return the slots of ids, [n] int32.

        Raises:
            NotFound: an id is unknown; the message names the first.
        """
        ids: NDArray[np.int64] = np.ascontiguousarray(driver_ids, dtype=np.int64)
        slots = np.empty(len(ids), np.int32)
        unknown = _find(self._plain, self._keys, self._slots, ids, slots)
        if unknown >= 0:
            raise NotFound(f"no driver {ids[unknown]}")
        return slots

    def _reserve_plain(self, top: int) -> None:
        """Make room in the plain table for ids up to `top`."""
        if top >= len(self._plain):
            plain = np.full(min(2 * top + 1, _MAX_PLAIN), _FREE, np.int32)
            plain[: len(self._plain)] = self._plain
            self._plain = plain

    def _grow(self) -> None:
        known = self._slots != _FREE
        keys, slots = self._keys[known], self._slots[known]
        self._keys = np.zeros(2 * len(self._keys), np.int64)
        self._slots = np.full(len(self._keys), _FREE, np.int32)
        order = np.argsort(slots)
        _insert(self._plain, self._keys, self._slots, keys[order], np.empty(len(keys), np.int32), 0)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _home(key: int, mask: int) -> int:
    return int(np.int64((np.uint64(key) * np.uint64(_MULTIPLIER)) >> np.uint64(32)) & mask)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _insert(
    plain: NDArray[np.int32],
    keys: NDArray[np.int64],
    values: NDArray[np.int32],
    ids: NDArray[np.int64],
    out: NDArray[np.int32],
    count: int,
) -> int:
    mask, smalls = len(keys) - 1, len(plain)
    for i in range(len(ids)):
        at = _home(ids[i], mask)
        while values[at] != _FREE and keys[at] != ids[i]:
            at = (at + 1) & mask
        if values[at] == _FREE:
            keys[at] = ids[i]
            values[at] = count
            count += 1
        out[i] = values[at]
        if 0 <= ids[i] < smalls:
            plain[ids[i]] = out[i]
    return count


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _find(
    plain: NDArray[np.int32],
    keys: NDArray[np.int64],
    values: NDArray[np.int32],
    ids: NDArray[np.int64],
    out: NDArray[np.int32],
) -> int:
    mask, smalls = len(keys) - 1, len(plain)
    for i in range(len(ids)):
        if 0 <= ids[i] < smalls and plain[ids[i]] != _FREE:
            out[i] = plain[ids[i]]
            continue
        at = _home(ids[i], mask)
        while values[at] != _FREE and keys[at] != ids[i]:
            at = (at + 1) & mask
        if values[at] == _FREE:
            return i
        out[i] = values[at]
    return -1
