"""What the regression gate passes and what it catches: `python -m benchmarks.gate [--gates N]`.

Gates of the unchanged code must pass, planted slowdowns and planted losses of quality must be caught, while a
neighbour burns CPU time and memory bandwidth part of the time, on whatever core it gets. A gate is what
`make gate` runs: `--repeats` times scenario `ci`, two strategies, five seeds; if it fails, as many again, and
all of them decide. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMPARE = (
    "compare",
    "ci",
    "--strategies",
    "score,batch",
    "--seeds",
    "1-5",
    "--workers",
    "1",
    "--no-hindsight",
)
LOSSES = ("batch:candidates=3", "batch:radius_m=500", "batch:objective=driving", "score:per_km=0")
NEIGHBOUR = """
import random, time
import numpy as np
values = np.zeros(20_000_000)
while True:
    until = time.monotonic() + random.uniform(0.2, 3.0)
    while time.monotonic() < until:
        values += 1.0
        sum(range(100_000))
    time.sleep(random.uniform(0.2, 3.0))
"""


class Gates:
    """Makes baselines and gates in a folder, each run in a process of its own."""

    def __init__(self, folder: Path, repeats: int) -> None:
        self._folder, self._repeats, self._made = folder, repeats, 0
        self.baseline = folder / "baseline.json"

    def update(self) -> None:
        """Make the unchanged code the baseline, from twice as many runs as a gate has."""
        runs = self._runs(2 * self._repeats, ())
        self._gate("update", runs)

    def passes(self, *planted: str) -> bool:
        """Whether the gate passes, with this planted."""
        runs = self._runs(self._repeats, planted)
        if self._gate("check", runs):
            return True
        return self._gate("check", runs + self._runs(self._repeats, planted))

    def _runs(self, count: int, planted: Sequence[str]) -> list[Path]:
        folders = []
        for _ in range(count):
            self._made += 1
            folders.append(self._folder / str(self._made))
            words = ["-m", "benchmarks.planted", *planted, *COMPARE, "--out", str(folders[-1])]
            self._python(words, check=True)
        return folders

    def _gate(self, command: str, runs: Sequence[Path]) -> bool:
        words = [str(ROOT / "cli.py"), "gate", command, "--baseline", str(self.baseline), *map(str, runs)]
        done = self._python(words, check=False)
        if done.returncode not in (0, 1):
            raise SystemExit(done.stderr)
        return done.returncode == 0

    @staticmethod
    def _python(words: Sequence[str], *, check: bool) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=check)


@contextmanager
def neighbour(*, is_noisy: bool) -> Iterator[None]:
    """Burn CPU time beside the block, in bursts."""
    if not is_noisy:
        yield
        return
    process = subprocess.Popen([sys.executable, "-c", NEIGHBOUR])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def tally(gates: Gates, name: str, planted: Sequence[str], count: int) -> None:
    """Run gates and print how many passed and how many failed."""
    passed = sum(gates.passes(*planted) for _ in range(count))
    print(f"| {name} | {count} | {passed} | {count - passed} |", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gates", type=int, default=20, help="of unchanged code, and of each slowdown")
    parser.add_argument("--repeats", type=int, default=6, help="of the runs of a gate")
    parser.add_argument("--slowdowns", default="0.10", help="shares of CPU time, with commas between")
    parser.add_argument("--quiet", action="store_true", help="without the neighbour")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, neighbour(is_noisy=not options.quiet):
        gates = Gates(Path(folder), options.repeats)
        gates.update()
        print("| planted | gates | passed | failed |\n|---|---:|---:|---:|", flush=True)
        tally(gates, "nothing", (), options.gates)
        for share in options.slowdowns.split(","):
            tally(gates, f"{float(share):.0%} slower", ("--slowdown", share), options.gates)
        for loss in LOSSES:
            tally(gates, loss, ("--loss", loss), 1)


if __name__ == "__main__":
    main()
