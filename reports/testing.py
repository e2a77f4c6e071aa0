"""Run folders made of thin air, for tests of whatever reads run folders.

`make_run_folder` writes a folder with the layout of `domain.run_folder`. Nothing is simulated: moments are
drawn one after the other. What the world draws depends on the seed only, as in a real run; the strategy's
name sets how fast drivers are found and how well orders are bundled.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from domain.run_folder import FORMAT_VERSION, TABLES
from domain.spec import MarketSpec, Scenario, SloSpec
from reports.synthetic import SyntheticDay

_SKILL = {"nearest": 0.35, "score": 0.6, "batch": 0.9}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a synthetic run should look like."""

    strategy: str = "batch"
    eta: str = "multi_factor"
    seed: int = 1
    orders: int = 500
    drivers: int = 60
    markets: int = 1
    start_h: float = 17.0
    hours: float = 4.0
    scenario: str = "synthetic-dinner"
    complete: bool = True
    skill: float | None = None
    """0-1, how good the strategy is; by its name if not given."""
    parameters: tuple[tuple[str, float], ...] = ()
    notes: tuple[str, ...] = ()
    incidents: tuple[dict[str, Any], ...] = ()
    units: float | None = 1000.0
    """CPU time in calibration units; None: not calibrated."""
    processor: str = "made up"
    switches: int = 0


def make_run_folder(path: str | Path, **wanted: Any) -> Path:
    """Write a synthetic run folder and return its path.

    Args:
        path: the folder to write; made if need be.
        wanted: fields of `Wanted`.
    """
    folder, want = Path(path), Wanted(**wanted)
    folder.mkdir(parents=True, exist_ok=True)
    days = [_day(want, market) for market in range(want.markets)]
    for name in TABLES:
        frames = [day.table(name) for day in days]
        _write(folder / f"{name}.parquet", name, pd.concat(frames, ignore_index=True))
    _dump(folder / "map.json", {"markets": [day.map() for day in days]})
    _dump(folder / "run.json", _info(want))
    return folder


def empty_scenario(name: str, *, markets: int = 1, start_h: float = 17.0, hours: float = 4.0) -> Scenario:
    """Return a resolved scenario with everything at its default."""
    places = tuple(MarketSpec(name=_market(index), drivers=60) for index in range(markets))
    return Scenario(
        name=name,
        description="Four hours of dinner, made up for tests.",
        start_h=start_h,
        hours=hours,
        seed=1,
        strategy="batch",
        eta="multi_factor",
        markets=places,
        slo=SloSpec(),
    )


def _day(want: Wanted, market: int) -> SyntheticDay:
    skill = _SKILL.get(want.strategy, 0.5) if want.skill is None else want.skill
    return SyntheticDay(
        market=market,
        name=_market(market),
        seed=want.seed,
        orders=want.orders,
        drivers=want.drivers,
        start_s=want.start_h * 3600.0,
        length_s=want.hours * 3600.0,
        skill=skill,
    )


def _market(index: int) -> str:
    return ("riverton", "lakeside", "hillcrest")[index % 3]


def _write(path: Path, table: str, frame: pd.DataFrame) -> None:
    columns = TABLES[table]
    typed = {name: frame[name].astype(_dtype(column.dtype)) for name, column in columns.items()}
    pd.DataFrame(typed).to_parquet(path, index=False)


def _dtype(name: str) -> Any:
    return str if name == "str" else name


def _dump(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1), encoding="utf-8")


def _info(want: Wanted) -> dict[str, Any]:
    spec = empty_scenario(want.scenario, markets=want.markets, start_h=want.start_h, hours=want.hours)
    scenario = json.loads(
        json.dumps(asdict(replace(spec, strategy=want.strategy, seed=want.seed, eta=want.eta)))
    )
    digest = hashlib.sha256(json.dumps(scenario, sort_keys=True).encode()).hexdigest()
    total = want.orders * want.markets
    return {
        "format": FORMAT_VERSION,
        "asked": {"scenario": scenario["name"], "set": []},
        "scenario": scenario,
        "scenario_sha256": digest,
        "strategy": {"id": want.strategy, "parameters": dict(want.parameters), "flags": {"window_s": 30.0}},
        "eta": {"id": want.eta, "parameters": {}},
        "seed": want.seed,
        "complete": want.complete,
        "cities": [
            {
                "name": _market(index),
                "graph_sha256": hashlib.sha256(_market(index).encode()).hexdigest(),
                "provenance": "made up for tests; roads as if © OpenStreetMap contributors",
                "licence": "ODbL-1.0",
            }
            for index in range(want.markets)
        ],
        "orders_sha256": digest[::-1],
        "lost_demand": {"no_restaurant": 3, "off_map": 1},
        "workers": 1,
        "wall_s": 0.2 + total / 4000.0,
        "setup_s": 0.4,
        "cpu_s": 0.6 + total / 4000.0,
        "calibration": _calibration(want),
        "stages_s": {
            "world": total * 6e-5,
            "movement": total * 3e-5,
            "pings": total * 1e-5,
            "search": total * 1.5e-5,
            "travel": total * 4e-5,
            "strategy": total * (1e-5 + 5e-5 * _SKILL.get(want.strategy, 0.5)),
            "services": total * 7e-5,
            "recording": total * 1e-5,
        },
        "markets": [],
        "stores": {"database": "memory", "drivers": "memory", "bus": "memory"},
        "incidents": list(want.incidents),
        "unanswered": {},
        "sim_s": want.hours * 3600.0,
        "events": 10 * total,
        "pings": 360 * want.drivers,
        "peak_rss_bytes": 310_000_000,
        "peak_rss_sum_bytes": 310_000_000,
        "versions": {"python": "3.11.7", "dispatchlab": "0.1.0", "numpy": "2.4.6", "simpy": "4.1.1"},
        "notes": list(want.notes),
    }


def _calibration(want: Wanted) -> dict[str, Any] | None:
    if want.units is None:
        return None
    return {
        "units": want.units,
        "cpu_s": want.units * 3e-4,
        "samples": 30,
        "cost_s": 0.01,
        "switches": want.switches,
        "version": 1,
        "processor": want.processor,
    }
