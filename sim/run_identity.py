"""Which run a run folder holds: what went into it, as one hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_WHOLE = ("scenario", "strategy", "eta", "seed", "versions")


def run_identity(run: Mapping[str, Any]) -> str:
    """Return the hash of what decides a run: its scenario, strategy, ETA model, seed, versions and cities.

    `run` is a `run.json`, or as much of it as is known before the run. Of cities the graph's hash counts.
    """
    kept = {key: run[key] for key in _WHOLE}
    kept["cities"] = [city["hash"] for city in run["cities"]]
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def finished_identity(folder: Path) -> str | None:
    """Return the identity of the run in a folder; None where there is none, or not a whole one."""
    try:
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        return run_identity(run) if run["complete"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
