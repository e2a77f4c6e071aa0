"""Geohashes and grid cells against the server, whole batches packed and unpacked."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from adapters.quantise import LAT_MAX, quantise
from adapters.valkey import ValkeyServer
from adapters.valkey.geohash import hashes, locate
from adapters.valkey.records import last_of_each
from tests.adapters.valkey.conftest import Run


def test_scores_are_those_that_the_server_computes(market: ValkeyServer, run: Run) -> None:
    rng, key = np.random.default_rng(1), market.key("check")
    lat, lon = rng.uniform(-LAT_MAX, LAT_MAX, 2000), rng.uniform(-180.0, 180.0, 2000)
    lat[:2], lon[:2] = (0.0, -LAT_MAX), (0.0, -180.0)
    triples = [part for i in range(2000) for part in (float(lon[i]), float(lat[i]), i)]
    run(market.call("GEOADD", key, *triples))
    told = [float(score) for score in run(market.call("ZMSCORE", key, *range(2000)))]
    assert locate(lat, lon).score.tolist() == told


@given(st.lists(st.tuples(st.floats(-LAT_MAX, LAT_MAX), st.floats(-180.0, 180.0)), min_size=1, max_size=20))
def test_positions_are_rounded_as_everywhere(places: list[tuple[float, float]]) -> None:
    lat, lon = np.array(places).T
    found = locate(lat, lon)
    np.testing.assert_array_equal([found.lat, found.lon], quantise(lat, lon))
    again = locate(found.lat, found.lon)
    np.testing.assert_array_equal(again.score, found.score)
    np.testing.assert_array_equal(hashes(lat, lon), [found.score, found.cell])
    row, column = (lat + LAT_MAX) / (2 * LAT_MAX) * 1024, (lon + 180.0) / 360.0 * 1024
    expected = np.minimum(row.astype(int), 1023) * 1024 + np.minimum(column.astype(int), 1023)
    np.testing.assert_array_equal(found.cell, expected)


@given(st.lists(st.integers(-(2**62), 2**62) | st.integers(0, 9), max_size=30))
def test_of_every_driver_the_last_entry_is_kept(drivers: list[int]) -> None:
    kept = np.arange(len(drivers))[last_of_each(np.array(drivers, np.int64))].tolist()
    assert kept == [i for i, one in enumerate(drivers) if one not in drivers[i + 1 :]]
