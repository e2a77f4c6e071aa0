"""Makes the kernels ready before a run, so that no run pays for them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import adapters.memory.warm
import matching.warm
import roads.warm
import services.warm
import sim.warm
from lab.listeners import Tell


def compile_once(strategies: Iterable[str], tell: Tell | None) -> None:
    """Compile the kernels of all rooms, and of some strategies; load those that numba's disk cache has.

    So none is compiled or loaded within a run: its CPU time is the same in a fresh process as in an old one.
    """
    if tell is not None and not roads.warm.is_compiled():
        tell("compiling the kernels (once on this machine, about a minute)")
    _load_rooms()
    matching.warm.warm_up(text.split(":")[0] for text in strategies)


@cache
def _load_rooms() -> None:
    for room in (roads, adapters.memory, services, sim):
        room.warm.warm_up()
