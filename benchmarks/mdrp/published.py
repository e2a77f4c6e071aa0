"""Figures of others on the public instances, to stand beside ours. Means only; sources are cited."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

REYES = "Reyes, Erera, Savelsbergh, Sahasrabudhe and O'Neil, The Meal Delivery Routing Problem (2018)"
YILDIZ = (
    "Yildiz and Savelsbergh, Provably High-Quality Solutions for the Meal Delivery Routing Problem (2018)"
)
JOSHI = "Joshi et al., Batching and Matching for Food Delivery in Dynamic Road Networks (ICDE 2021)"
OURS = "measured by us with other people's C++ code, patched to whole minutes"

SHARED = re.compile(r"[0-4](o100|o50|r50)t(100|75)s[12]p(100|125)")
"""The 120 instances of days 0 to 4."""
DAY_0 = re.compile(r"0(o100|o50|r50)t(100|75)s[12]p(100|125)")
DAY_0_SMALL = re.compile(r"0(o50|r50)t(100|75)s[12]p(100|125)")


@dataclass(frozen=True, kw_only=True)
class Yardstick:
    """Means that others reached.

    `mean` has the keys of `scenarios.mdrp.metrics`; `size` is over how many instances, and `covers` which
    (None: ours is no such set). `prep`: what was known of ready times. `is_foresight`: of a solver that knew
    the day in advance, a bound for those that do not. `orders_per_wall_s`: of a whole run, where known.
    """

    name: str
    source: str
    size: int
    covers: re.Pattern[str] | None
    prep: str
    mean: Mapping[str, float]
    is_foresight: bool = False
    orders_per_wall_s: float | None = None

    def chosen(self, names: Iterable[str]) -> list[str] | None:
        """Return those of `names` that the figures are about; None unless all of them are there."""
        if self.covers is None:
            return None
        found = [name for name in names if self.covers.fullmatch(name)]
        return found if len(set(found)) == self.size else None


PUBLISHED = Yardstick(
    name="Reyes et al., published",
    source=f"{REYES}, Table 17, perfect ready times",
    size=240,
    covers=None,
    prep="perfect",
    mean={
        "undelivered_pct": 0.25,
        "ctd_min": 32.74,
        "ctd_p90_min": 49.3,
        "ctd_overage_min": 2.77,
        "rtp_min": 1.93,
        "rtp_p90_min": 6.04,
        "utilisation": 0.63,
        "utilisation_p10": 0.31,
        "cost_per_order_usd": 11.42,
        "orders_per_bundle": 1.09,
    },
)
PUBLISHED_MEAN = Yardstick(
    name="Reyes et al., published",
    source=f"{REYES}, Table 17, ready times estimated by the restaurant's mean (deviation 8.19 min)",
    size=240,
    covers=None,
    prep="restaurant-mean",
    mean={
        "undelivered_pct": 0.62,
        "ctd_min": 34.03,
        "ctd_p90_min": 50.63,
        "ctd_overage_min": 3.40,
        "rtp_min": 2.90,
        "rtp_p90_min": 9.94,
        "utilisation": 0.63,
        "utilisation_p10": 0.33,
        "cost_per_order_usd": 11.32,
        "orders_per_bundle": 1.11,
    },
)
YARDSTICKS = (
    PUBLISHED,
    PUBLISHED_MEAN,
    Yardstick(
        name="Reyes, re-implemented (C++)",
        source=f"the same algorithm, {OURS}",
        size=120,
        covers=SHARED,
        prep="perfect",
        mean={
            "undelivered_pct": 0.325,
            "ctd_min": 33.80,
            "ctd_p90_min": 48.9,
            "ctd_overage_min": 2.65,
            "rtp_min": 3.09,
            "rtp_p90_min": 9.0,
            "utilisation": 0.575,
            "cost_per_order_usd": 11.55,
            "orders_per_bundle": 1.049,
        },
        orders_per_wall_s=6230.0,
    ),
    Yardstick(
        name="FoodMatch, relaxed rules (C++)",
        source=f"{JOSHI}, {OURS}; it may reshuffle assigned orders and mix restaurants",
        size=120,
        covers=SHARED,
        prep="perfect",
        mean={
            "undelivered_pct": 0.328,
            "ctd_min": 32.43,
            "ctd_p90_min": 46.4,
            "ctd_overage_min": 1.97,
            "rtp_min": 1.74,
            "rtp_p90_min": 5.8,
            "utilisation": 0.609,
            "cost_per_order_usd": 11.25,
            "orders_per_bundle": 1.021,
        },
        orders_per_wall_s=558.0,
    ),
    Yardstick(
        name="Reyes et al., published",
        source=f"{REYES}, Table 4",
        size=16,
        covers=DAY_0_SMALL,
        prep="perfect",
        mean={"ctd_min": 31.88, "rtp_min": 1.40},
    ),
    Yardstick(
        name="MIP with foresight",
        source=f"{YILDIZ}, Table 9; bundles of at most 2, everything delivered",
        size=16,
        covers=DAY_0_SMALL,
        prep="perfect",
        mean={"undelivered_pct": 0.0, "ctd_min": 30.71, "rtp_min": 0.72},
        is_foresight=True,
    ),
    Yardstick(
        name="MIP with foresight",
        source=f"{YILDIZ}, Table 9; six of the eight large ones are not solved to optimality",
        size=24,
        covers=DAY_0,
        prep="perfect",
        mean={"undelivered_pct": 0.0, "ctd_min": 30.59, "rtp_min": 0.76},
        is_foresight=True,
    ),
)
