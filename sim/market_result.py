"""What the simulation of one market leaves behind; it can travel between processes."""

from __future__ import annotations

import os
import resource
import sys
from collections import Counter
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import Any

from domain.run_folder import TABLES
from roads.city import City
from services.breakers import Incident
from sim.calibration import Calibration
from sim.recorder import Table, blank_table
from sim.run_writer import city_map, plain_map
from sim.world import World

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss


@dataclass(frozen=True, kw_only=True)
class Times:
    """When a market's work began, its simulation began, and it ended: `perf_counter`'s seconds.

    That clock is the machine's, not the process's, so times of several processes can be compared.
    """

    began_s: float
    ran_s: float
    ended_s: float


@dataclass(frozen=True, kw_only=True)
class MarketResult:
    """One market's tables, counters and cost; `city` is its `city_info`, `map` what is drawn of it.

    `orders` and `drivers` are the rows of those tables; `sim_s` is simulated time, `most_pending` the most
    events that were to come at any minute, `stages_s` wall time by stage; `process` is the number of the
    process that did it, `cpu_s` its CPU time for it and `peak_rss_bytes` its peak resident memory so far;
    `calibration` None: too short for one.
    """

    tables: dict[str, Table]
    is_complete: bool
    city: dict[str, Any]
    map: dict[str, Any]
    stores: dict[str, str]
    notes: tuple[str, ...]
    orders: int
    drivers: int
    lost_demand: int
    incidents: tuple[Incident, ...]
    unanswered: Counter[str]
    sim_s: float
    events: int
    most_pending: int
    pings: int
    stages_s: dict[str, float]
    times: Times
    cpu_s: float
    process: int
    peak_rss_bytes: int
    calibration: Calibration | None


def market_result(
    world: World,
    city: City | None,
    *,
    stores: dict[str, str],
    began_s: float,
    ran_s: float,
    cpu_s: float,
    start_s: float,
) -> MarketResult:
    """Return the result of a world that has just run to its end.

    Its set-up began at `began_s`, its run at `ran_s` (`perf_counter`); `cpu_s` is the process's CPU time at
    `began_s`, `start_s` the simulated time at which the run began.
    """
    name, ended_s = world.market.name, perf_counter()
    tables = world.recorder.tables()
    return MarketResult(
        tables=tables,
        is_complete=world.is_complete,
        city=city_info(name, city),
        map=plain_map(name) if city is None else city_map(name, city),
        stores=stores,
        notes=(*world.workload.notes, *world.ground.notes),
        orders=len(tables["orders"]["order"]),
        drivers=len(tables["drivers"]["driver_id"]),
        lost_demand=world.workload.lost_demand,
        incidents=tuple(world.incidents),
        unanswered=world.unanswered,
        sim_s=world.env.now - start_s,
        events=world.env.events,
        most_pending=world.most_pending,
        pings=world.pings,
        stages_s=_stages(world, tables["windows"], ended_s - ran_s),
        times=Times(began_s=began_s, ran_s=ran_s, ended_s=ended_s),
        cpu_s=process_time() - cpu_s,
        process=os.getpid(),
        peak_rss_bytes=peak_rss_bytes(),
        calibration=world.calibrator.result,
    )


def not_simulated(name: str) -> MarketResult:
    """Return the result of a market whose turn did not come before an interrupt: empty tables."""
    now_s = perf_counter()
    return MarketResult(
        tables={table: blank_table(columns, 0) for table, columns in TABLES.items()},
        is_complete=False,
        city={"market": name, "name": "not simulated", "hash": "", "provenance": {}},
        map=plain_map(name),
        stores={},
        notes=(f"{name}: interrupted before it was simulated",),
        orders=0,
        drivers=0,
        lost_demand=0,
        incidents=(),
        unanswered=Counter(),
        sim_s=0.0,
        events=0,
        most_pending=0,
        pings=0,
        stages_s={},
        times=Times(began_s=now_s, ran_s=now_s, ended_s=now_s),
        cpu_s=0.0,
        process=os.getpid(),
        peak_rss_bytes=0,
        calibration=None,
    )


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


def peak_rss_bytes() -> int:
    """Return the peak resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT


def _stages(world: World, windows: Table, wall_s: float) -> dict[str, float]:
    """Return wall seconds by stage, of which none contains another.

    Search, travel and strategy are parts of the platform's time, the rest of which is the services'. What no
    stage has counted is the world's: SimPy, customers, kitchens, drivers.
    """
    seconds = world.stages.seconds
    stages = {stage: float(windows[f"{stage}_wall_s"].sum()) for stage in ("search", "travel", "strategy")}
    stages["services"] = seconds["platform"] - sum(stages.values())
    stages |= {stage: seconds[stage] for stage in ("movement", "pings", "recording")}
    stages["world"] = wall_s - sum(stages.values())
    return stages
