"""Randomness: one seed, a named stream per component, and keyed draws per entity.

What the world draws must not depend on the strategy, so that runs of different strategies share common
random numbers. Quantities known before the run come from `Streams.generator`, a generator per name. Those
that belong to an encounter (this driver and that order) come from `Streams.uniform`, a hash of the keys: the
same encounter gets the same number whenever, and whether, it happens.
"""

from __future__ import annotations

import math
import zlib
from statistics import NormalDist

import numpy as np
from numba import njit, uint64

from domain.units import FloatArray, IntArray

_NORMAL = NormalDist()


class Streams:
    """Named random streams of one market of one run."""

    def __init__(self, seed: int, market: int = 0) -> None:
        self._root = (seed, market)
        self._keys: dict[str, int] = {}

    def generator(self, name: str) -> np.random.Generator:
        """Return a fresh generator of the named stream; the same name gives the same numbers."""
        return np.random.default_rng(np.random.SeedSequence([*self._root, _name_key(name)]))

    def uniform(self, name: str, a: int, b: int = 0) -> float:
        """Return the uniform number in (0, 1) that belongs to entities `a` and `b` in the named stream."""
        return float(_keyed_uniform(self._key(name), a, b))

    def uniforms(self, name: str, a: IntArray, b: IntArray) -> FloatArray:
        """Return `uniform` of each pair of entities, int64 [n] each, in order: float64 [n]."""
        draws = np.empty(len(a))
        _keyed_uniforms(self._key(name), a.astype(np.int64), b.astype(np.int64), draws)
        return draws

    def normal(self, name: str, a: int, b: int = 0) -> float:
        """Return the standard normal number that belongs to entities `a` and `b` in the named stream."""
        return _NORMAL.inv_cdf(self.uniform(name, a, b))

    def lognormal(self, name: str, a: int, b: int = 0, *, median: float, sigma: float) -> float:
        """Return the lognormal number that belongs to entities `a` and `b` in the named stream."""
        return median * math.exp(sigma * self.normal(name, a, b))

    def _key(self, name: str) -> int:
        key = self._keys.get(name)
        if key is None:
            key = self._keys[name] = int(self.generator(name).integers(1 << 62))
        return key


def _name_key(name: str) -> int:
    return zlib.crc32(name.encode())


@njit(cache=True, nogil=True)
def mixed(x):  # type: ignore[no-untyped-def]  # numba
    """Return the hash of a uint64: the finaliser of SplitMix64 (Steele, Lea and Flood 2014)."""
    x = uint64(x)
    x = (x ^ (x >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> uint64(27))) * uint64(0x94D049BB133111EB)
    return x ^ (x >> uint64(31))


@njit(cache=True, nogil=True)
def _keyed_uniform(key, a, b):  # type: ignore[no-untyped-def]  # numba
    golden = uint64(0x9E3779B97F4A7C15)
    x = mixed(uint64(key) + golden)
    x = mixed(x ^ (uint64(a) + golden))
    x = mixed(x ^ (uint64(b) + golden))
    return (float(x >> uint64(11)) + 0.5) * (1.0 / 9007199254740992.0)


@njit(cache=True, nogil=True)
def _keyed_uniforms(key, a, b, draws):  # type: ignore[no-untyped-def]  # numba
    for i in range(len(a)):
        draws[i] = _keyed_uniform(key, a[i], b[i])
