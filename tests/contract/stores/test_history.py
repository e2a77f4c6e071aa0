"""LocationHistory: positions written in batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.port("history")


def test_recorded_positions_can_be_read_once_written(backend: Any) -> None:
    run, history = backend.run, backend.stores.history
    ids, lat, lon = np.array([3, 5]), np.array([49.1, 49.2]), np.array([-123.1, -123.2])
    history.record(ids, lat, lon, 10.0)
    lat[0] = 0.0  # the caller may reuse its arrays
    history.record(ids[:1], np.array([49.3]), lon[:1], 86_410.0)
    assert run(history.flush()) == 3
    assert run(history.flush()) == 0
    assert run(history.track(3, 0.0, 1e6)).tolist() == [[10.0, 49.1, -123.1], [86_410.0, 49.3, -123.1]]
    assert run(history.track(5, 10.0, 10.5)).tolist() == [[10.0, 49.2, -123.2]]
    assert run(history.track(5, 10.5, 1e6)).shape == (0, 3)
    assert run(history.track(99, 0.0, 1e6)).shape == (0, 3)
