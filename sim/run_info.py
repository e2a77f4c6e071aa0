"""What `run.json` says of the simulation itself."""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from domain.errors import DispatchlabError
from sim.calibration import total
from sim.market_result import MarketResult, peak_rss_bytes
from sim.recorder import Table, table_sha256

_PACKAGES = ("dispatchlab", "simpy", "numpy", "scipy", "numba", "pandas", "pyarrow")


def run_info(
    results: Sequence[MarketResult],
    tables: Mapping[str, Table],
    *,
    workers: int,
    began_s: float,
    own_cpu_s: float,
    packages: Mapping[str, str],
) -> dict[str, Any]:
    """Return the keys of `domain.run_folder.RUN_KEYS` that follow from the markets' results.

    Args:
        results: one per market, in order.
        tables: those of all markets, joined.
        workers: processes that shared the markets.
        began_s: when the work began, `perf_counter`'s seconds.
        own_cpu_s: CPU time that this process has spent on it.
        packages: their `versions`.
    """
    wall_s = _covered_s([(each.times.ran_s, each.times.ended_s) for each in results])
    return {
        "complete": all(each.is_complete for each in results),
        "cities": [each.city for each in results],
        "stores": next((each.stores for each in results if each.stores), {}),
        "orders_sha256": table_sha256(tables["orders"]),
        "lost_demand": sum(each.lost_demand for each in results),
        "workers": workers,
        "wall_s": wall_s,
        "setup_s": max(each.times.ended_s for each in results) - began_s - wall_s,
        "cpu_s": own_cpu_s + sum(each.cpu_s for each in results if each.process != os.getpid()),
        "calibration": _calibration(results),
        "stages_s": _sums(each.stages_s for each in results),
        "markets": [_market(each) for each in results],
        "incidents": [
            {"market": market, **asdict(incident)}
            for market, each in enumerate(results)
            for incident in each.incidents
        ],
        "unanswered": dict(sum((each.unanswered for each in results), Counter[str]())),
        "sim_s": max(each.sim_s for each in results),
        "events": sum(each.events for each in results),
        "pings": sum(each.pings for each in results),
        **_memory(results),
        "versions": packages,
        "notes": _notes(results),
    }


def _calibration(results: Sequence[MarketResult]) -> dict[str, Any] | None:
    """Return the sum of the markets, and the processor; None where one could not be calibrated."""
    whole = total([each.calibration for each in results])
    return None if whole is None else {**asdict(whole), "processor": _processor()}


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that decide a run's result.

    Raises:
        DispatchlabError: one of them is not installed, be it that its code is found, as in a checkout.
    """
    try:
        return {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}
    except PackageNotFoundError as error:
        raise DispatchlabError(f"{error.name} is not installed: pip install -e '.[lab]'") from None


def _covered_s(spans: Sequence[tuple[float, float]]) -> float:
    """Return the length of the union of time spans."""
    covered_s, until_s = 0.0, float("-inf")
    for start_s, end_s in sorted(spans):
        covered_s += max(0.0, end_s - max(start_s, until_s))
        until_s = max(until_s, end_s)
    return covered_s


def _market(result: MarketResult) -> dict[str, Any]:
    """Return what one market needed."""
    return {
        "name": result.city["market"],
        "orders": result.orders,
        "drivers": result.drivers,
        "sim_s": result.sim_s,
        "wall_s": result.times.ended_s - result.times.ran_s,
        "cpu_s": result.cpu_s,
        "events": result.events,
        "most_pending": result.most_pending,
        "pings": result.pings,
        "peak_rss_bytes": result.peak_rss_bytes,
        "stages_s": result.stages_s,
    }


def _memory(results: Sequence[MarketResult]) -> dict[str, int]:
    """Return the peak of the largest process, and the sum of peaks, which the whole never exceeded."""
    peaks = {os.getpid(): peak_rss_bytes()}
    for each in results:
        peaks[each.process] = max(peaks.get(each.process, 0), each.peak_rss_bytes)
    return {"peak_rss_bytes": max(peaks.values()), "peak_rss_sum_bytes": sum(peaks.values())}


def _notes(results: Sequence[MarketResult]) -> list[str]:
    """Return what the markets note, and what importing their cities warned of."""
    notes = [note for each in results for note in each.notes]
    cities = [each.city for each in results]
    notes += [f"{c['name']}: {note}" for c in cities for note in c["provenance"].get("warnings", ())]
    return list(dict.fromkeys(notes))


def _sums(parts: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Return the sums of equally named numbers."""
    total: dict[str, float] = {}
    for part in parts:
        for name, value in part.items():
            total[name] = total.get(name, 0.0) + value
    return total


def _processor() -> str:
    """Return the processor's name, as exactly as the system knows it."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
