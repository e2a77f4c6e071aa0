"""Compiles the kernels of the memory adapters, so that nothing compiles within a request."""

from __future__ import annotations

import numpy as np

from adapters.memory.driver_index import MemoryDriverIndex
from domain.drivers import DriverProfiles, DriverStatus, Stop
from domain.stop_kind import StopKind


def warm_up() -> None:
    """Run every kernel once, on a scratch index: seconds the first time, then from the disk cache."""
    ids, places = np.array([1, 2], np.int64), np.array([0.0, 0.1])
    profiles = DriverProfiles(
        id=ids,
        vehicle=np.zeros(2, np.int8),
        capacity=np.ones(2, np.int16),
        rating=np.ones(2),
        goal_deliveries=np.zeros(2, np.int32),
        shift_end_s=np.ones(2),
        lat=places,
        lon=places,
    )
    index = MemoryDriverIndex()
    calls = (
        index.sign_on(profiles, 0.0),
        index.move(ids, places, places, 1.0),
        index.nearest(places, places, k=1, radius_m=1.0, now_s=1.0, max_load=0),
        index.set_status(ids, DriverStatus.ON_BREAK),
        index.set_plan(1, (Stop(kind=StopKind.PICKUP, order_id=1, lat=0.0, lon=0.0),)),
        index.states(ids),
        index.sign_off(ids),
    )
    for call in calls:
        try:
            call.send(None)
        except StopIteration:
            continue
