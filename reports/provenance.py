"""Where the numbers come from: scenario, cities and their licence, versions, hashes, notes."""

from __future__ import annotations

import json
from typing import Any

from domain.run_folder import HINDSIGHT
from reports.comparison import Comparison, has_values
from reports.formats import number, plural
from reports.regret import REGRET
from reports.replay import run_command
from reports.run import Run
from reports.variant import world_hash

OSM_ATTRIBUTION = "© OpenStreetMap contributors, ODbL"
_OSM_SIGNS = ("openstreetmap", "odbl")
_CITY_KEYS = (
    "provenance",
    "source",
    "licence",
    "attribution",
    "hash",
    "graph_sha256",
    "nodes",
    "edges",
    "warnings",
)


def attribution(run: Run) -> list[str]:
    """Return the credits that a run's cities and maps ask for."""
    texts = [str(market.get("attribution") or "") for market in run.map.get("markets", [])]
    texts += [str(_flat(city).get("attribution") or "") for city in _cities(run) if isinstance(city, dict)]
    everything = json.dumps([run.info["cities"], texts], ensure_ascii=False, default=str).lower()
    if any(sign in everything for sign in _OSM_SIGNS):
        others = [text for text in texts if not any(sign in text.lower() for sign in _OSM_SIGNS)]
        return list(dict.fromkeys([OSM_ATTRIBUTION, *filter(None, others)]))
    return list(dict.fromkeys(filter(None, texts)))


def facts(comparison: Comparison) -> list[tuple[str, str]]:
    """Return what all runs have in common, as name and text."""
    first, runs = comparison.first, comparison.all_runs
    scenario = first.scenario
    rows = [
        ("Scenario", f"{scenario.get('name', '')}: {scenario.get('description', '')}".rstrip(": ")),
        ("Seeds", ", ".join(str(seed) for seed in comparison.seeds)),
        *((f"City {_name(city, index)}", _city(city)) for index, city in enumerate(_cities(first))),
        ("Scenario hash", f"{world_hash(first)[:16]}… (without strategy, ETA model and seed)"),
        ("Versions", _versions(runs)),
        ("Lost demand", _range([_total(run.info.get("lost_demand")) for run in runs], "orders")),
        ("Set-up wall time", _range([_total(run.info.get("setup_s")) for run in runs], "s", 1)),
        ("Peak memory", _range([_total(run.info.get("peak_rss_bytes")) / 1e6 for run in runs], "MB")),
    ]
    return [(name, text) for name, text in rows if text]


def run_rows(comparison: Comparison) -> list[dict[str, str]]:
    """Return a row per run: what it was, its orders' hash, its cost, and the command that replays it."""
    named = [(label, run) for label, row in comparison.runs.items() for run in row.values()]
    known = {id(run) for _, run in named}
    named += [(run.strategy, run) for run in comparison.interrupted if id(run) not in known]
    return [
        {
            "label": label,
            "seed": str(run.seed),
            "orders": number(run.column("orders", "order").size, 0),
            "hash": str(run.info["orders_sha256"])[:12],
            "wall": f"{number(float(run.info['wall_s']), 1)} s",
            "state": "complete" if run.is_complete else "interrupted",
            "command": run_command(run),
        }
        for label, run in named
    ]


def notes(comparison: Comparison) -> list[str]:
    """Return peculiarities that a reader must know of: fallbacks, interrupted runs, broken pairing."""
    found: dict[str, list[str]] = {}
    for label, row in comparison.runs.items():
        for seed, run in row.items():
            for note in run.info.get("notes") or []:
                found.setdefault(str(note), []).append(f"{label}, seed {seed}")
    texts = [f"{note} ({_where(places, len(comparison.all_runs))})" for note, places in found.items()]
    if comparison.interrupted:
        texts.insert(0, _interrupted(comparison))
    if len(comparison.labels) > 1 and not has_values(comparison, [REGRET]):
        texts.append(f"Regret is not known: there is no {HINDSIGHT} beside the runs (compare --hindsight).")
    if not comparison.is_paired:
        texts.insert(0, "Runs of one seed saw different orders: differences are not the strategies' alone.")
    return texts


def _interrupted(comparison: Comparison) -> str:
    runs = comparison.interrupted
    which = _where([f"{run.strategy}, seed {run.seed}" for run in runs], len(comparison.all_runs) + 1)
    is_used = runs[0] in comparison.all_runs
    what = "numbers are of tables that end early" if is_used else "left out of all numbers"
    return f"{plural(len(runs), 'interrupted run')} ({which}): {what}."


def _where(places: list[str], total: int) -> str:
    return "all runs" if len(places) == total else "; ".join(places[:3]) + ("; …" if len(places) > 3 else "")


def _cities(run: Run) -> list[Any]:
    cities = run.info["cities"]
    if isinstance(cities, dict):
        return [
            {"name": name, **(each if isinstance(each, dict) else {"": each})}
            for name, each in cities.items()
        ]
    return list(cities)


def _name(city: Any, index: int) -> str:
    return str(city.get("name", index)) if isinstance(city, dict) else str(index)


def _city(city: Any) -> str:
    known = _flat(city) if isinstance(city, dict) else {"": city}
    kept = [(key, known[key]) for key in _CITY_KEYS if known.get(key)] or list(known.items())
    return "; ".join(f"{key.replace('_', ' ')}: {_short(value)}" for key, value in kept)


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    """Put the keys of nested dictionaries beside the others."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        flat.update(_flat(value) if isinstance(value, dict) else {key: value})
    return flat


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    is_hash = len(text) == 64 and all(letter in "0123456789abcdef" for letter in text)
    return f"{text[:16]}…" if is_hash else text


def _versions(runs: list[Run]) -> str:
    sets = list(dict.fromkeys(json.dumps(run.info["versions"], sort_keys=True) for run in runs))
    every = [", ".join(f"{name} {version}" for name, version in json.loads(text).items()) for text in sets]
    return " | ".join(every)


def _total(value: Any) -> float:
    if isinstance(value, dict):
        return float(sum(_total(each) for each in value.values()))
    return float(value) if isinstance(value, int | float) else float("nan")


def _range(values: list[float], unit: str, decimals: int = 0) -> str:
    known = [value for value in values if value == value]
    if not known:
        return ""
    low, high = number(min(known), decimals), number(max(known), decimals)
    return f"{low} {unit}" if low == high else f"{low} to {high} {unit}"
