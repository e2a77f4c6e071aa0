"""Runs that several tests look at, made once per session and scenario."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pandas as pd

import reports
from lab import run_scenario

SMALL = {
    "quickstart": ("hours=0.4",),
    "ci": (),
    "vancouver_dinner": ("hours=0.3", "demand.orders_per_day=4000", "drivers=120"),
    "rappi_day": ("start_h=12", "hours=0.75"),
    "outage": ("hours=0.6",),
    "national_day": (
        *("scale=0.003", "start_h=18", "hours=0.4"),
        *(f"markets.{number}.city.source=missing.pbf" for number in range(6)),
    ),
    "porto_100k": ("scale=0.003", "city.source=missing.pbf"),
}
"""Library scenarios and what makes them small enough for a test; missing roads are the built-in city's."""

SHOCKS = ", ".join(
    (
        '{kind="rain", start_h="18:05", end_h="18:20", slowdown=1.5, demand_factor=1.5}',
        '{kind="closed_bridge", start_h="18:00", end_h="18:25"}',
        '{kind="stadium", start_h="18:10", end_h="18:20", demand_factor=3.0, slowdown=2.0}',
        '{kind="drivers_leave", start_h="18:15", end_h="18:15", share=0.3}',
    )
)
HARD = {
    "few drivers": ("quickstart", ("hours=0.4", "drivers=15", "platform.give_up_s=900")),
    "choosy drivers": ("quickstart", ("hours=0.4", "fleet.acceptance=0.35")),
    "impatient customers": (
        "quickstart",
        ("hours=0.4", "customers.assign_patience_s=60", "customers.late_tolerance_s=10", "drivers=25"),
    ),
    "slow kitchens": ("quickstart", ("hours=0.4", "kitchens.utilisation=1.0", "kitchens.prep_mean_s=2400")),
    "every shock": ("quickstart", ("hours=0.5", f"shocks=[{SHOCKS}]")),
    "transplanted": ("rappi_day", ("start_h=12", "hours=0.5", "trace.geography=transplant")),
    "database down": (
        "quickstart",
        ("hours=0.5", 'outages=[{server="postgres", start_h="18:08", minutes=1}]'),
    ),
    "shaky payments": (
        "quickstart",
        (
            "hours=0.4",
            "platform.payment_failure_share=0.1",
            "platform.payment_decline_share=0.05",
            'outages=[{server="payments", start_h="18:05", minutes=3}]',
        ),
    ),
    "short shifts": ("quickstart", ("hours=0.6", "fleet.shift_mean_h=0.2", "fleet.break_every_h=0.2")),
}
"""Worlds in which much goes wrong: declines, expiries, cancellations in every state, diversions."""


@cache
def run_of(scenario: str, strategy: str, seed: int, overrides: tuple[str, ...]) -> reports.Run:
    """Return the run, simulated once."""
    folder = Path(mkdtemp(prefix="dispatchlab-test-")) / "run"
    return reports.open_run(
        run_scenario(
            scenario, strategy=strategy, seed=seed, overrides=overrides, out=folder, with_report=False
        )
    )


def orders_of(scenario: str, strategy: str, seed: int, overrides: tuple[str, ...]) -> pd.DataFrame:
    """Return the orders table of a run."""
    return run_of(scenario, strategy, seed, overrides).orders
