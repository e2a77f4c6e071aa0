"""A scenario of three small markets on the generated city."""

from __future__ import annotations

from pathlib import Path

THREE = """
name = "three"
extends = "quickstart"
hours = 0.2

[[markets]]
name = "north"
drivers = 20

[[markets]]
name = "south"
drivers = 15
demand = {orders_per_day = 1200}

[[markets]]
name = "west"
drivers = 25
"""


def three_markets(folder: Path) -> str:
    """Write the scenario into a folder, and return its path."""
    path = folder / "three.toml"
    path.write_text(THREE, encoding="utf-8")
    return str(path)
