"""A small sweep on the command line, and what two of them must have in common."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd

from reports.metrics import METRICS

ROOT = Path(__file__).parents[2]
SMALL = (
    *("sweep", "ci", "--strategies", "nearest,batch", "--seeds", "1,2", "--vary", "batch:window_s=5,20"),
    *("--set", "hours=0.1", "--workers", "2"),
)
RUNS = 6


def start(*words: str, out: Path) -> subprocess.Popen[str]:
    """Start the sweep as a terminal would: in a process group that Ctrl-C goes to."""
    command = [sys.executable, str(ROOT / "cli.py"), *SMALL, *words, "--out", str(out)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def finish(*words: str, out: Path) -> subprocess.CompletedProcess[str]:
    """Run the sweep to its end."""
    process = start(*words, out=out)
    stdout, stderr = process.communicate(timeout=900)
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def wait_for(process: subprocess.Popen[str], folder: Path, pattern: str) -> None:
    """Wait until a file appears; the process must still be there."""
    until = time.monotonic() + 600.0
    while not list(folder.glob(pattern)) and time.monotonic() < until:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def forget(process: subprocess.Popen[str]) -> None:
    """Wait for a process, not for those that it has left behind with its pipes."""
    process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


def assert_same(one: Path, other: Path) -> None:
    """Check that two sweeps have the same runs, orders and metrics; wall times may differ."""
    tables = [pd.read_parquet(folder / "sweep.parquet") for folder in (one, other)]
    kept = [name for name in tables[0].columns if name not in METRICS or not METRICS[name].wall]
    assert len(tables[0]) == RUNS
    pd.testing.assert_frame_equal(*(table[kept] for table in tables), check_exact=True)
    said = [json.loads((folder / "sweep.json").read_text("utf-8")) for folder in (one, other)]
    assert said[0] == said[1]
    assert said[0]["complete"] is True


def leftovers(folder: Path) -> list[str]:
    """Return what is hidden in a folder of runs, but the lock."""
    return [path.name for path in folder.iterdir() if path.name.startswith(".") and path.name != ".lock"]
