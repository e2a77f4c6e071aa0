"""Measure, and keep what was measured in `benchmarks/results.md`: `python -m benchmarks.results [NAME ...]`.

Each measurement is a module of this package that prints what it found; a section of the page is its output,
with the date, the command, the machine and the versions. Sections of what is not measured now stay as they
are, so the page can be made piece by piece; every section is written as soon as it is there, and Ctrl-C ends
with those. What cannot be measured here is left out with the reason, unless the page has an earlier result.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from domain.errors import DispatchlabError, UnknownNameError
from scenarios import data_dir

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "benchmarks" / "results.md"
PACKAGES = ("numpy", "scipy", "numba", "simpy", "pandas", "pyarrow")
INTERRUPTED = 130
RUNS = "RUNS"
"""Stands in arguments for a folder that all measurements of a page share."""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """A module of `benchmarks` to run with `arguments`; `needs_data`: pointless without the data folder."""

    name: str
    title: str
    arguments: tuple[str, ...] = ()
    needs_data: bool = False

    @property
    def command(self) -> str:
        """What to type to repeat it."""
        return " ".join(["python -m", f"benchmarks.{self.name}", *self.arguments])


MEASUREMENTS = (
    Measurement(name="peers", title="Beside other simulators", needs_data=True),
    Measurement(
        name="national",
        title="A national day, and 100,000 drivers in a city",
        arguments=("--out", RUNS),
        needs_data=True,
    ),
    Measurement(
        name="scale",
        title="Growth",
        arguments=("--limit", "1000000", "--workers", "2", "--runs", RUNS, "--out", "benchmarks/scale"),
        needs_data=True,
    ),
    Measurement(name="gate", title="What the regression gate catches"),
    Measurement(name="simulation", title="A recorded day, from start to exit", needs_data=True),
    Measurement(name="snapshot", title="One decision"),
    Measurement(name="services", title="Services on memory adapters"),
    Measurement(name="roads", title="Roads of real cities", arguments=("--osmnx",), needs_data=True),
    Measurement(name="valkey", title="Driver index on Valkey"),
    Measurement(name="postgres", title="Stores on PostgreSQL"),
    Measurement(name="kafka", title="Event bus on Kafka"),
)
"""What is measured, in the order of the page."""

HEAD = """# Results

What `make bench` measured, each section by its command, which anybody can run again. To measure and rewrite
single sections: `python -m benchmarks.results NAME ...`. Machines and moments differ: compare ratios.
"""
_SECTION = re.compile(r"<!-- begin (\w+) -->\n(.*?)\n<!-- end \1 -->", re.DOTALL)


class NotMeasured(Exception):
    """The measurement could not be made; the message says why, in one line."""


Run = Callable[[Measurement], str]
"""Make a measurement; return its output, or raise `NotMeasured`."""


def measure(
    names: Sequence[str],
    *,
    path: Path = PAGE,
    measurements: Sequence[Measurement] = MEASUREMENTS,
    run: Run | None = None,
    watch: Callable[[str], None] | None = None,
) -> dict[str, str]:
    """Make the named measurements (none: all), write their sections; return the reason of each left out.

    `run` makes one, by default in a process of its own; `watch` hears each name as it begins.

    Raises:
        UnknownNameError: no such measurement.
    """
    there = {each.name: each for each in measurements}
    for name in names:
        if name not in there:
            raise UnknownNameError("measurement", name, there)
    left_out = {}
    with tempfile.TemporaryDirectory() as runs:
        run = run or partial(run_apart, runs=runs)
        for each in measurements:
            if names and each.name not in names:
                continue
            if watch is not None:
                watch(each.name)
            sections = read_sections(path)
            began = perf_counter()
            try:
                output = run(each)
            except NotMeasured as reason:
                left_out[each.name] = str(reason)
                sections.setdefault(each.name, f"## {each.title}\n\nLeft out: {reason}")
            else:
                sections[each.name] = section(each, output, took_s=perf_counter() - began)
            write_page(path, sections, measurements)
    return left_out


def run_apart(measurement: Measurement, runs: str) -> str:
    """Run a measurement's module in a process of its own and return what it prints; `runs` stands for `RUNS`.

    Raises:
        NotMeasured: it needs data that is not there, or it fails.
    """
    if measurement.needs_data and not data_dir().is_dir():
        raise NotMeasured(f"needs the data folder, and {data_dir()} is none (set DISPATCHLAB_DATA)")
    given = (runs if word == RUNS else word for word in measurement.arguments)
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{measurement.name}", *given],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode in (INTERRUPTED, -2):
        raise KeyboardInterrupt
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["nothing said"]
        raise NotMeasured(f"`{measurement.command}` ended with code {done.returncode}: {said[-1].strip()}")
    return done.stdout


def section(measurement: Measurement, output: str, *, took_s: float) -> str:
    """Return a section: title, how it was measured, the output, as typed where it is no Markdown table."""
    text = output.strip()
    if not any(line.startswith("|") for line in text.splitlines()):
        text = f"```text\n{text}\n```"
    about = f"`{measurement.command}`, {date.today().isoformat()}, {took_s:.0f} s; {machine()}"
    return f"## {measurement.title}\n\n{about}\n\n{text}"


def machine() -> str:
    """Return what the figures depend on: revision, processor, cores, versions."""
    revision = f"revision {_revision()}; " if _revision() else ""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{revision}{_processor()}, {os.cpu_count()} cores; {platform.system()}, {python}, {packages}"


def _revision() -> str:
    """Return the commit, empty outside a repository; that the page itself has changed does not count."""
    git = ["git", "rev-parse", "--short", "HEAD"]
    try:
        return subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def _processor() -> str:
    about = Path("/proc/cpuinfo")
    if about.is_file():
        for line in about.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def read_sections(path: Path) -> dict[str, str]:
    """Return the sections of a page by the name of their measurement; none if there is no page."""
    if not path.is_file():
        return {}
    return dict(_SECTION.findall(path.read_text(encoding="utf-8")))


def write_page(
    path: Path, sections: Mapping[str, str], measurements: Sequence[Measurement] = MEASUREMENTS
) -> None:
    """Write the page, whole or not at all: the sections of known measurements, in their order."""
    there = [each.name for each in measurements if each.name in sections]
    parts = [f"<!-- begin {name} -->\n{sections[name]}\n<!-- end {name} -->\n" for name in there]
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    draft.write_text("\n".join([HEAD, *parts]), encoding="utf-8")
    draft.replace(path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from a shell; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    listed = ", ".join(each.name for each in MEASUREMENTS)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {listed}; all without")
    parser.add_argument("--out", type=Path, default=PAGE, help="the page")
    options = parser.parse_args(arguments)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task("", total=len(set(options.names)) or len(MEASUREMENTS), completed=-1)
            left_out = measure(
                options.names,
                path=options.out,
                watch=lambda name: bar.update(task, advance=1, description=name),
            )
            bar.update(task, advance=1, description="done")
    except DispatchlabError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"interrupted: {options.out} has what was measured until then", file=sys.stderr)
        return INTERRUPTED
    for name, reason in left_out.items():
        print(f"{name}: left out: {reason}", file=sys.stderr)
    print(options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
