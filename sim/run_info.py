"""What `run.json` says of the simulation itself."""

from __future__ import annotations

import platform
import resource
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from domain.units import HOUR_S
from roads.city import City
from sim.calibration import Calibration, total
from sim.recorder import Table, table_sha256
from sim.world import World

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss
_PACKAGES = ("dispatchlab", "simpy", "numpy", "scipy", "numba", "pandas", "pyarrow")


def run_info(
    worlds: Sequence[World],
    tables: Mapping[str, Table],
    cities: Sequence[Mapping[str, Any]],
    *,
    start_h: float,
    wall_s: float,
    setup_s: float,
) -> dict[str, Any]:
    """Return the keys of `domain.run_folder.RUN_KEYS` that follow from the worlds that ran.

    `cities` are the `city_info` of their markets; what importing them warned of joins the notes.
    """
    notes = [note for world in worlds for note in (*world.workload.notes, *world.ground.notes)]
    notes += [f"{c['name']}: {note}" for c in cities for note in c["provenance"].get("warnings", ())]
    return {
        "complete": all(world.is_complete for world in worlds),
        "orders_sha256": table_sha256(tables["orders"]),
        "lost_demand": sum(world.workload.lost_demand for world in worlds),
        "wall_s": wall_s,
        "setup_s": setup_s,
        "calibration": _calibration([world.env.calibrator.result for world in worlds]),
        "stages_s": _stages(worlds, tables["windows"], wall_s),
        "incidents": [
            {"market": market, **asdict(incident)}
            for market, world in enumerate(worlds)
            for incident in world.incidents
        ],
        "unanswered": dict(sum((world.unanswered for world in worlds), Counter[str]())),
        "sim_s": sum(world.env.now - start_h * HOUR_S for world in worlds),
        "events": sum(world.env.events for world in worlds),
        "pings": sum(world.pings for world in worlds),
        "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}},
        "notes": list(dict.fromkeys(notes)),
    }


def _calibration(markets: Sequence[Calibration | None]) -> dict[str, Any] | None:
    """Return the sum of the markets, and the processor; None where one could not be calibrated."""
    whole = total(markets)
    return None if whole is None else {**asdict(whole), "processor": _processor()}


def city_info(market: str, city: City | None) -> dict[str, Any]:
    """Return a market's entry of `cities`; None is a market without a road graph."""
    if city is None:
        return {"market": market, "name": "straight lines", "hash": "", "provenance": {}}
    return {
        "market": market,
        "name": city.name,
        "hash": city.content_hash,
        "provenance": city.provenance,
    }


def _stages(worlds: Sequence[World], windows: Table, wall_s: float) -> dict[str, float]:
    """Return wall seconds by stage; search, travel and strategy are parts of the platform's time."""
    stages = {stage: float(windows[f"{stage}_wall_s"].sum()) for stage in ("search", "travel", "strategy")}
    platform_s = sum(world.stages.seconds["platform"] for world in worlds)
    stages["services"] = platform_s - sum(stages.values())
    stages["movement"] = sum(world.stages.seconds["movement"] for world in worlds)
    stages["world"] = wall_s - platform_s - stages["movement"]
    return stages


def _processor() -> str:
    """Return the processor's name, as exactly as the system knows it."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
