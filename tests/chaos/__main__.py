"""Kills processes and servers at random moments: ``python -m tests.chaos [--times 20] [--seed 1]``.

The services with their agents, the relay and the payments worker are processes; Valkey, PostgreSQL and Kafka
real servers. After each death the victim is started again, and the stores are checked; in the end every order
must have ended, every transition must have its audit row and its event, every effect must have happened once.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from adapters.connecting import connect_all, make_tables, parse_stores
from deploy.stack import Stack
from tests.chaos.checks import faults, tally
from tests.chaos.settings import Place

TARGETS = ("services", "valkey", "postgres", "relay", "payments")
GAP_S = (0.3, 1.6)
DOWN_S = 0.3
OVER_S = 180.0
SIMULATED_S = (0.2, 8.0)
"""How long a simulation lives before it is killed."""
GAVE_UP = 2
"""The exit code of a program that says in one line why it cannot go on."""


@dataclass
class Chaos:
    """One chaos run: who is alive, and how to kill and revive them."""

    folder: Path
    stack: Stack
    place: Place
    rng: random.Random
    alive: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    killed: Counter[str] = field(default_factory=Counter)

    def commands(self) -> dict[str, list[str]]:
        """Return how each process is started."""
        file = self.folder / "place.json"
        self.place.save(file)
        worker = [sys.executable, "-m", "cli", "worker"]
        where = ["--stores", self.place.stores, "--namespace", self.place.namespace]
        return {
            "services": [sys.executable, "-m", "tests.chaos.process", str(file)],
            "relay": [*worker, "relay", *where],
            "payments": [*worker, "payments", *where],
        }

    def start(self, name: str) -> None:
        """Start a process; what it prints goes to a log."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.alive[name] = subprocess.Popen(self.commands()[name], stdout=log, stderr=log)

    def kill(self, name: str) -> None:
        """Kill -9 a process or server, and start it again."""
        if name in ("valkey", "postgres"):
            self.stack.kill(name)
            time.sleep(self.rng.uniform(0.0, DOWN_S))
            self.stack.start(name)
        else:
            process = self.alive[name]
            process.send_signal(signal.SIGKILL)
            process.wait()
            self.start(name)
        self.killed[name] += 1

    def check(self, *, is_over: bool = False) -> None:
        """Look for faults in the stores; start again who gave up with a message, as a supervisor does.

        Raises:
            SystemExit: there are some, or a process died by itself.
        """
        for name, process in self.alive.items():
            code = process.poll()
            if code == GAVE_UP:
                self.killed[f"{name} gave up"] += 1
                self.start(name)
            elif code not in (None, 0):
                raise SystemExit(f"{name} died by itself: see {self.folder / name}.log")
        found = asyncio.run(faults(self.place, is_over=is_over))
        if found:
            raise SystemExit(f"after {dict(self.killed)}: {found}; logs in {self.folder}")

    def finish(self) -> None:
        """Let the services work everything off, then the relay and the payments worker."""
        until = time.monotonic() + OVER_S
        while self.alive["services"].poll() is None:
            if time.monotonic() > until:
                self.check()
                raise SystemExit(
                    f"not over after {OVER_S:g} s: {asyncio.run(faults(self.place, is_over=True))}"
                )
            time.sleep(0.1)
        self.check()
        while asyncio.run(faults(self.place, is_over=True)) and time.monotonic() < until:
            time.sleep(0.2)
        self.check(is_over=True)

    def stop(self) -> None:
        """End all processes."""
        for process in self.alive.values():
            process.kill()
            process.wait()


def chaos(
    stack: Stack, folder: Path, *, times: int, orders: int, seed: int, say: Callable[[str], None] = print
) -> Counter[str]:
    """Kill every target `times` times while `orders` are worked off; return what happened.

    Raises:
        SystemExit: something was lost, happened twice or was not told, in so many words.
    """
    run = Chaos(folder, stack, _place(stack, folder, orders=orders), random.Random(seed))
    victims = [name for name in TARGETS for _ in range(times)]
    run.rng.shuffle(victims)
    try:
        for name in run.commands():
            run.start(name)
        time.sleep(2.0)
        for number, victim in enumerate(victims, start=1):
            time.sleep(run.rng.uniform(*GAP_S))
            run.kill(victim)
            run.check()
            say(f"{number}/{len(victims)} killed {victim}")
        run.finish()
        counts = asyncio.run(tally(run.place))
        for name in sorted(run.killed):
            counts[name if "gave up" in name else f"kills of {name}"] = run.killed[name]
        return counts
    finally:
        run.stop()


def kill_simulators(
    stack: Stack, folder: Path, *, times: int, seed: int, say: Callable[[str], None] = print
) -> Counter[str]:
    """Kill a simulation on real servers at a random moment, `times` times; return what happened.

    After each death the services with their agents take over what it left in the stores, and finish it.

    Raises:
        SystemExit: something was lost, happened twice or was not told, in so many words.
    """
    rng, counts = random.Random(seed), Counter[str]()
    for number in range(1, times + 1):
        run = Chaos(folder, stack, _place(stack, folder, orders=0), rng)
        try:
            run.commands()
            _kill_a_simulation(run, number)
            run.check()
            asyncio.run(_begin_clock_after(run.place))
            for name in run.commands():
                run.start(name)
            run.finish()
            counts += asyncio.run(tally(run.place))
            counts["kills of a simulation"] += 1
            say(f"{number}/{times} killed a simulation")
        finally:
            run.stop()
    return counts


def _kill_a_simulation(run: Chaos, seed: int) -> None:
    """Start a simulation and kill it at a random moment after its first order."""
    place, until = str(run.folder / "place.json"), time.monotonic() + OVER_S
    with (run.folder / "simulator.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.simulator", place, str(seed)], stdout=log, stderr=log
        )
        try:
            while asyncio.run(tally(run.place))["orders"] == 0:
                if process.poll() is not None or time.monotonic() > until:
                    raise SystemExit(f"the simulation placed no order: see {run.folder}/simulator.log")
                time.sleep(0.1)
            time.sleep(run.rng.uniform(*SIMULATED_S))
        finally:
            process.kill()
            process.wait()


async def _begin_clock_after(place: Place) -> None:
    """Set the clock of whoever comes next to go on from the last moment of the simulation."""
    connected = await connect_all(parse_stores(place.stores), namespace=place.namespace, is_lockstep=False)
    last_s = (await connected.database.row("SELECT max(at_s) FROM audit_logs"))[0] or 0.0
    await connected.database.set_zero(datetime.now().astimezone() - timedelta(seconds=last_s))
    await connected.close()


def _place(stack: Stack, folder: Path, *, orders: int) -> Place:
    """Return a new namespace on the stack, with its tables made."""
    urls = stack.urls()
    name = f"chaos_{uuid4().hex[:8]}"
    place = Place(
        postgres=urls["postgres"],
        valkey=urls["valkey"],
        kafka=urls["kafka"].removeprefix("kafka://"),
        namespace=name,
        orders=orders,
        acks=str(folder / f"{name}.acks"),
    )
    asyncio.run(make_tables(parse_stores(place.stores), namespace=name))
    return place


def main() -> None:
    """Run with servers of its own, and print the tally."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--times", type=int, default=20, help="how often each target is killed")
    options.add_argument("--orders", type=int, default=2000)
    options.add_argument("--seed", type=int, default=1)
    asked = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="dispatchlab-chaos-"))
    folder.chmod(0o755)
    stack = Stack(folder / "stack")
    try:
        stack.up(tell=print)
        for counts in (
            chaos(stack, folder, times=asked.times, orders=asked.orders, seed=asked.seed),
            kill_simulators(stack, folder, times=asked.times, seed=asked.seed),
        ):
            for name, count in counts.items():
                print(f"{name:24} {count:8,}")
            print("no order lost, none twice, every transition audited and told, every effect once")
    finally:
        stack.down(delete=True)


if __name__ == "__main__":
    main()
