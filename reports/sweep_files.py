"""The files of a sweep: its table, what it was asked for, and the report."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from reports.api import write_file
from reports.sweep import Sweep
from reports.sweep_page import sweep_html, sweep_markdown

FORMAT_VERSION = 1

ASKED_KEYS: dict[str, str] = {
    "scenario": "scenario name or file, as it was asked for",
    "set": "`--set` overrides, as they were asked for",
    "eta": "ETA model, null for the scenario's",
    "strategies": "strategies, as they were asked for",
    "seeds": "the seeds",
    "varied": "per varied key its values, as they were asked for",
}
"""What a sweep is: part of `SWEEP_KEYS`."""

SWEEP_KEYS: dict[str, str] = {
    "format": "version of this file's layout",
    **ASKED_KEYS,
    "complete": "false where a run failed or an interrupt kept it from being made",
    "runs": "per finished run: folder, strategy, varied, seed, sha256 of what decides it, orders_sha256",
    "failed": "per failed run its error",
    "missing": "runs that an interrupt kept from being made",
}
"""Keys of `sweep.json`, and of `sweep --json` but for `RESULT_KEYS`."""

RESULT_KEYS: dict[str, str] = {
    "skipped": "runs that were there already",
    "table": "the table, a row per run",
    "report": "the HTML report",
}
"""What `sweep --json` prints besides."""


def write_sweep(sweep: Sweep, folder: Path) -> Path:
    """Write `sweep.parquet`, `.csv`, `.json`, `report.md` and `.html` into a folder; return the page's path.

    Each file appears whole or not at all. They depend on the finished runs only, not on when they were made.
    """
    parquet = io.BytesIO()
    sweep.frame.to_parquet(parquet, index=False)
    write_file(folder / "sweep.parquet", parquet.getvalue())
    write_file(folder / "sweep.csv", sweep.frame.to_csv(index=False).encode())
    said = json.dumps(_said(sweep), indent=1, ensure_ascii=False)
    write_file(folder / "sweep.json", f"{said}\n".encode())
    write_file(folder / "report.md", sweep_markdown(sweep).encode())
    return write_file(folder / "report.html", sweep_html(sweep).encode())


def sweep_json(sweep: Sweep, folder: Path) -> dict[str, Any]:
    """Return the object of `sweep --json`, keys `SWEEP_KEYS` and `RESULT_KEYS`."""
    result = (sweep.skipped, str(folder / "sweep.csv"), str(folder / "report.html"))
    return {**_said(sweep), **dict(zip(RESULT_KEYS, result, strict=True))}


def _said(sweep: Sweep) -> dict[str, Any]:
    """Return the content of `sweep.json`."""
    runs = [
        {
            "run": each.run.path.name,
            "strategy": each.strategy,
            "varied": dict(each.varied),
            "seed": each.run.seed,
            "sha256": each.sha256,
            "orders_sha256": each.run.info["orders_sha256"],
        }
        for each in sweep.runs
    ]
    result = (sweep.is_complete, runs, sweep.failed, sweep.missing)
    said = {"format": FORMAT_VERSION, **sweep.asked}
    return {**said, **dict(zip(list(SWEEP_KEYS)[len(said) :], result, strict=True))}
