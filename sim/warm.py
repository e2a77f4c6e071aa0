"""Compiles the kernels of this room, so that nothing compiles within a run."""

from __future__ import annotations

import numpy as np

from domain.spec import DemandSpec
from sim.demand import choose_restaurants, is_open
from sim.fleet import NOISE_SIZE, Fleet
from sim.grounds import line_ground
from sim.streams import Streams
from sim.workload import Restaurants


def warm_up() -> None:
    """Run every kernel once: seconds the first time, then from the disk cache."""
    one, streams = np.zeros(1), Streams(0)
    fleet = Fleet(one, one, line_ground(one, one, 1.0).polyline)
    fleet.online[:] = True
    fleet.sightings(np.arange(1), 0.0, np.zeros(NOISE_SIZE), 1.0, 0)
    fleet.positions(np.arange(1), 0.0)
    fleet.make_room(0)
    streams.uniform("warm-up", 1)
    streams.uniforms("warm-up", np.ones(1, np.int64), np.ones(1, np.int64))
    nowhere = Restaurants(
        name=("",),
        cuisine=("",),
        lat=one,
        lon=one,
        node=np.zeros(1, np.int32),
        open_s=one,
        close_s=one,
        capacity=np.ones(1, np.int32),
        prep_mean_s=one,
        prep_usual_s=one,
        popularity=one,
    )
    is_open(0.0, 0.0, 1.0)
    choose_restaurants(DemandSpec(), nowhere, one, one, one, streams.generator("warm-up"))
