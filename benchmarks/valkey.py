"""What the driver index costs on a real Valkey: `python -m benchmarks.valkey [--url URL]`.

100,000 drivers on about 50 x 50 km, 40 % of them waiting for work. Positions written in batches of 1,000,
searches for the nearest drivers of 1, 16 and 128 points, states of 1,000 drivers; beside each the bare client
library making the same calls to the same functions, arguments packed beforehand and answers left unread. They
take turns within a round, so their ratio holds on a busy machine; medians over rounds. At last a day's load:
10,000 positions a second, paced, while searches go on.

Without `--url` a server is started for the measurement; with it, that one is used, under a prefix of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from valkey.asyncio import Valkey

from adapters.valkey import ValkeyDriverIndex, ValkeyServer, connect
from adapters.valkey.functions import function_name
from adapters.valkey.records import new_pings, new_points, pack_ids
from deploy.valkey import start_valkey
from domain.drivers import DriverProfiles, DriverStatus

SOUTH, WEST, HEIGHT, WIDTH = 49.0, -123.2, 0.45, 0.687
FLEET, IDLE_SHARE, BATCH = 100_000, 0.4, 1_000
K, RADIUS_M = 20, 5_000.0
PREFIX = "benchmark"
TARGET_PINGS, TARGET_P95_MS, TARGET_RATIO = 10_000, 50.0, 1.5

Call = Callable[[], Awaitable[Any]]


@dataclass(frozen=True)
class Timed:
    """Seconds of each call."""

    seconds: list[float]

    def per_s(self, items: int) -> float:
        """Items per second when every call handles `items`."""
        return items * len(self.seconds) / sum(self.seconds)

    def percentile_ms(self, percent: float) -> float:
        return float(np.percentile(self.seconds, percent)) * 1e3


class Market:
    """A fleet on the server, and prepared work for the adapter and for the bare library."""

    def __init__(self, server: ValkeyServer, bare: Valkey) -> None:
        self.index = ValkeyDriverIndex(server)
        self.bare, self.key = bare, server.key("drivers")
        self.rng, self.now_s = np.random.default_rng(1), 0.0
        self.ids = self.rng.permutation(10 * FLEET)[:FLEET].astype(np.int64)
        self.lat = SOUTH + HEIGHT * self.rng.random(FLEET)
        self.lon = WEST + WIDTH * self.rng.random(FLEET)

    async def settle(self) -> None:
        """Sign everybody on; most are busy otherwise."""
        n = FLEET
        await self.index.sign_on(
            DriverProfiles(
                id=self.ids,
                vehicle=np.zeros(n, np.int8),
                capacity=np.full(n, 2, np.int16),
                rating=np.full(n, 4.5),
                goal_deliveries=np.full(n, 10, np.int32),
                shift_end_s=np.full(n, 1e9),
                lat=self.lat,
                lon=self.lon,
            ),
            self.now_s,
        )
        await self.index.set_status(self.ids[int(IDLE_SHARE * n) :], DriverStatus.OFFERED)

    def function(self, name: str, *arguments: Any, verb: str = "FCALL_RO") -> Call:
        command = (verb, function_name(name, "drivers"), 1, self.key, *arguments)
        return partial(self.bare.execute_command, *command)

    def pings(self) -> Iterator[tuple[Call, Call]]:
        """Yield, for the whole fleet in batches, the write by the adapter and one like it by the library."""
        order = self.rng.permutation(FLEET)
        for first in range(0, FLEET, BATCH):
            part = order[first : first + BATCH]
            self.now_s += 10.0 * BATCH / FLEET
            ids, at_s = self.ids[part], self.now_s
            ours, theirs = (self._moved(part) for _ in range(2))
            packed = new_pings(ids, *theirs, at_s).tobytes()
            yield (
                partial(self.index.move, ids, *ours, at_s),
                self.function("move", packed, 0, verb="FCALL"),
            )

    def searches(self, points: int, calls: int) -> Iterator[tuple[Call, Call]]:
        find = partial(self.index.nearest, k=K, radius_m=RADIUS_M, now_s=self.now_s, max_load=0)
        for _ in range(calls):
            lat, lon = self._moved(self.rng.integers(0, FLEET, points))
            packed = new_points(lat, lon).tobytes()
            yield (
                partial(find, lat, lon),
                self.function("nearest", packed, K + 4, RADIUS_M, 1),
            )

    def states(self, calls: int) -> Iterator[tuple[Call, Call]]:
        for _ in range(calls):
            ids = self.rng.choice(self.ids, BATCH, replace=False)
            yield (
                partial(self.index.states, ids),
                self.function("states", pack_ids(ids)),
            )

    def _moved(self, part: Any) -> tuple[Any, Any]:
        lat = self.lat[part] + self.rng.normal(0.0, 3e-4, len(part))
        return lat, self.lon[part] + self.rng.normal(0.0, 3e-4, len(part))


async def timed(pairs: Iterator[tuple[Call, Call]]) -> tuple[Timed, Timed]:
    """Run pairs of calls in turn, the first of a pair changing from one to the next."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for turn, pair in enumerate(pairs):
        for which in (0, 1) if turn % 2 else (1, 0):
            began = perf_counter()
            await pair[which]()
            seconds[which].append(perf_counter() - began)
    return Timed(seconds[0]), Timed(seconds[1])


async def measure(
    name: str, items: int, rounds: int, work: Callable[[], Iterator[tuple[Call, Call]]]
) -> list[tuple[Timed, Timed]]:
    """Print the medians over rounds of what adapter and library do per second, and of their ratio."""
    done = [await timed(work()) for _ in range(rounds)]
    ours = median(one.per_s(items) for one, _ in done)
    theirs = median(other.per_s(items) for _, other in done)
    ratio = median(other.per_s(items) / one.per_s(items) for one, other in done)
    verdict = "" if ratio <= TARGET_RATIO else f"  (target {TARGET_RATIO:g})"
    print(f"{name:<34} {ours:>10,.0f}/s  bare {theirs:>10,.0f}/s  ratio {ratio:.2f}{verdict}", flush=True)
    return done


async def paced(market: Market, seconds: float) -> None:
    """Write 10,000 positions a second in batches of 1,000, search around 16 points 20 times a second."""
    done = asyncio.Event()

    async def search() -> None:
        searches = iter(list(market.searches(16, int(25 * seconds))))
        while not done.is_set():
            await next(searches)[0]()
            await asyncio.sleep(0.05)

    writes = [ours for ours, _ in market.pings()][: int(seconds * TARGET_PINGS / BATCH)]
    searching, took, began = asyncio.create_task(search()), [], perf_counter()
    for turn, write in enumerate(writes):
        due = began + turn * BATCH / TARGET_PINGS
        await asyncio.sleep(max(0.0, due - perf_counter()))
        sent = perf_counter()
        await write()
        took.append(perf_counter() - sent)
    rate = len(took) * BATCH / (perf_counter() - began)
    done.set()
    await searching
    p50, p95 = (Timed(took).percentile_ms(percent) for percent in (50, 95))
    kept = rate >= 0.99 * TARGET_PINGS and p95 < TARGET_P95_MS
    print(f"{'paced, with searches':<34} {rate:>10,.0f}/s", end="  ")
    print(f"a batch takes p50 {p50:.1f} ms, p95 {p95:.1f} ms: {'kept' if kept else 'MISSED'}")


async def run(url: str, rounds: int) -> None:
    server, bare = await connect(url, prefix=PREFIX), Valkey.from_url(url)
    try:
        await server.drop()
        market = Market(server, bare)
        await market.settle()
        print(f"Valkey {await server.version()}, {FLEET:,} drivers, {IDLE_SHARE:.0%} of them AVAILABLE")
        await timed(market.pings())
        done = await measure(f"pings, batches of {BATCH:,}", BATCH, rounds, market.pings)
        rate, p50, p95 = (
            median(values)
            for values in (
                [ours.per_s(BATCH) for ours, _ in done],
                [ours.percentile_ms(50) for ours, _ in done],
                [ours.percentile_ms(95) for ours, _ in done],
            )
        )
        kept = rate >= TARGET_PINGS and p95 < TARGET_P95_MS
        print(f"{'':<34} a batch takes p50 {p50:.1f} ms, p95 {p95:.1f} ms: {'kept' if kept else 'MISSED'}")
        for points in (1, 16, 128):
            calls = max(10, 300 // points)
            name = f"nearest {K}, {points} points a call"
            await measure(name, points, rounds, partial(market.searches, points, calls))
        await measure(f"states, {BATCH:,} a call", BATCH, rounds, lambda: market.states(20))
        await paced(market, seconds=5.0)
    finally:
        await server.drop()
        await server.close()
        await bare.aclose()


@contextmanager
def served(url: str | None) -> Iterator[str]:
    """Give the URL of a server: the one named, or one started for as long as this lasts."""
    if url is not None:
        yield url
        return
    with tempfile.TemporaryDirectory() as folder:
        server = start_valkey(Path(folder), persist=False)
        try:
            yield server.url
        finally:
            server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="a running Valkey; none: start one")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with served(options.url) as url:
        asyncio.run(run(url, options.rounds))


if __name__ == "__main__":
    main()
