"""The snapshots of the conformance checks, and ways to vary them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from matching.contract import Snapshot
from matching.snapshot import DTYPES, build_snapshot

MARKETS: dict[str, dict[str, Any]] = {
    "empty market": {"orders": 0, "drivers": 0},
    "no drivers": {"orders": 6, "drivers": 0},
    "one order, no driver near": {"orders": 1, "drivers": 3, "radius_m": 1.0},
    "one order, one driver": {"orders": 1, "drivers": 1, "radius_m": 50_000.0},
    "one driver, many orders": {"orders": 9, "drivers": 1, "radius_m": 50_000.0},
    "shortage": {"orders": 40, "drivers": 12},
    "plenty": {"orders": 12, "drivers": 120},
    "carrying drivers": {"orders": 20, "drivers": 30, "carrying": 0.8},
    "all carrying, shortage": {"orders": 30, "drivers": 15, "carrying": 1.0},
    "nothing ready": {"orders": 15, "drivers": 30, "carrying": 0.4, "ready": 0.0},
    "everything ready": {"orders": 15, "drivers": 30, "carrying": 0.4, "ready": 1.0},
    "one restaurant": {"orders": 15, "drivers": 30, "carrying": 0.4, "restaurants": 1},
    "by trips": {"orders": 30, "drivers": 15, "carrying": 0.8, "restaurants": 8, "by_trips": True},
    "many": {"orders": 150, "drivers": 400, "carrying": 0.4},
}
"""The generated snapshots by name: arguments of `make_snapshot`."""


def columns_of(snapshot: Snapshot) -> dict[str, Any]:
    """Return the fields of a snapshot by name."""
    return {field.name: getattr(snapshot, field.name) for field in fields(Snapshot)}


def overdue(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot a minute after every shift ended and every order had to be delivered."""
    past_s = snapshot.now_s - 60.0
    columns = columns_of(snapshot)
    late = {name: np.full(snapshot.orders, past_s) for name in ("order_due_s", "order_latest_s")}
    return build_snapshot(**columns | late | {"driver_shift_end_s": np.full(snapshot.drivers, past_s)})


def renumbered(snapshot: Snapshot, order: Any) -> Snapshot:
    """Return the snapshot with driver ``order[i]`` of old as driver i."""
    inverse = np.argsort(order)
    owned = snapshot.order_driver[snapshot.open_orders :]
    lengths = np.diff(snapshot.stop_offsets)[order]
    stops = [np.arange(snapshot.stop_offsets[d], snapshot.stop_offsets[d + 1]) for d in order]
    where = np.concatenate([np.empty(0, np.int64), *stops])
    columns = columns_of(snapshot)
    moved = {name: columns[name][order] for name in DTYPES if name.startswith("driver_")}
    return build_snapshot(
        **columns
        | moved
        | {
            "order_driver": np.r_[snapshot.order_driver[: snapshot.open_orders], inverse[owned]],
            "stop_offsets": np.r_[0, np.cumsum(lengths)],
            "stop_order": snapshot.stop_order[where],
            "stop_kind": snapshot.stop_kind[where],
            "candidate_driver": inverse[snapshot.candidate_driver],
        }
    )


def paired(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot with every driver standing where its neighbour on the axis stands."""
    twin = np.arange(snapshot.drivers) // 2 * 2
    names = (
        "driver_lat",
        "driver_lon",
        "driver_node",
        "driver_vehicle",
        "driver_rating",
        "driver_short_orders",
    )
    columns = columns_of(snapshot)
    same = {name: columns[name][twin] for name in names}
    n, m = snapshot.open_orders, snapshot.drivers
    return build_snapshot(
        **columns
        | same
        | {
            "driver_capacity": np.full(m, 4),
            "candidate_offsets": np.arange(n + 1) * m,
            "candidate_driver": np.tile(np.arange(m), n),
            "candidate_distance_m": np.full(n * m, 700.0),
        }
    )
