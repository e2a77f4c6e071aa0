"""Who is told how a simulation goes; None in place of one: nobody."""

from __future__ import annotations

from collections.abc import Callable

from sim.world import Progress

Tell = Callable[[str], None]  # gets lines about setting up
Watch = Callable[[Progress], None]  # gets each market's progress, maybe from another thread
