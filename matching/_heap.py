"""A binary heap in two arrays, for kernels."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def doubled(array):  # type: ignore[no-untyped-def]  # numba
    """Return the array with room for twice as much."""
    larger = np.empty(2 * len(array), array.dtype)
    larger[: len(array)] = array
    return larger


@njit(cache=True, nogil=True, error_model="numpy")
def push(keys, items, size, key, item):  # type: ignore[no-untyped-def]  # numba
    """Put (key, item) into the binary heap; return its new size."""
    at = size
    while at > 0 and keys[(at - 1) >> 1] > key:
        keys[at], items[at] = keys[(at - 1) >> 1], items[(at - 1) >> 1]
        at = (at - 1) >> 1
    keys[at], items[at] = key, item
    return size + 1


@njit(cache=True, nogil=True, error_model="numpy")
def pop(keys, items, size):  # type: ignore[no-untyped-def]  # numba
    """Take the item of least key off the heap; return it and the new size."""
    top, size = items[0], size - 1
    key, item, at = keys[size], items[size], 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and keys[child + 1] < keys[child]:
            child += 1
        if keys[child] >= key:
            break
        keys[at], items[at] = keys[child], items[child]
        at = child
    keys[at], items[at] = key, item
    return top, size
