"""Build snapshots whose arrays have exactly the documented types and cannot be written to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from matching.contract import Snapshot

DTYPES: dict[str, DTypeLike] = {
    "order_restaurant": np.int32,
    "order_restaurant_node": np.int32,
    "order_customer_node": np.int32,
    "order_restaurant_lat": np.float64,
    "order_restaurant_lon": np.float64,
    "order_customer_lat": np.float64,
    "order_customer_lon": np.float64,
    "order_placed_s": np.float64,
    "order_ready_s_est": np.float64,
    "order_due_s": np.float64,
    "order_since_s": np.float64,
    "order_latest_s": np.float64,
    "order_is_ready": np.bool_,
    "order_is_picked_up": np.bool_,
    "order_is_pinned": np.bool_,
    "order_driver": np.int32,
    "driver_lat": np.float64,
    "driver_lon": np.float64,
    "driver_node": np.int32,
    "driver_from_s": np.float64,
    "driver_vehicle": np.int8,
    "driver_load": np.int16,
    "driver_capacity": np.int16,
    "driver_rating": np.float64,
    "driver_short_orders": np.float64,
    "driver_shift_end_s": np.float64,
    "stop_offsets": np.int64,
    "stop_order": np.int32,
    "stop_kind": np.int8,
    "candidate_offsets": np.int64,
    "candidate_driver": np.int32,
    "candidate_distance_m": np.float64,
    "wait_node": np.int32,
    "wait_demand": np.float64,
}
"""The dtype of every array of a snapshot."""

_TYPES = {name: np.dtype(dtype) for name, dtype in DTYPES.items()}
_NAMES = frozenset(field.name for field in fields(Snapshot))


def frozen(values: Any, dtype: DTypeLike) -> NDArray[Any]:
    """Return `values` as a contiguous read-only array of `dtype`, copied only where they are not."""
    if isinstance(values, np.ndarray) and values.dtype == dtype:  # numba's dtypes are not numpy's own
        flags = values.flags
        if not flags.writeable and flags.c_contiguous:
            return values
    array = np.ascontiguousarray(values, dtype)
    if array is values:
        array = values.view()  # whoever hands it over may go on writing to it
    array.setflags(write=False)
    return array


def build_snapshot(exact: Mapping[str, Any] | None = None, /, **columns: Any) -> Snapshot:
    """Return a `Snapshot` of `columns`, each array read-only and of its documented dtype.

    The kernels of this room are compiled for these types: any others would be compiled again, in the middle
    of a decision. Callers must not change the arrays that they hand over. O(size), without copies where
    the dtypes fit. Columns in `exact` are taken as they are: they must be what the others are made.

    Raises:
        TypeError: a field is missing or unknown.
    """
    if not columns.keys() <= _NAMES:
        raise TypeError(f"a snapshot has no {', '.join(sorted(columns.keys() - _NAMES))}")
    for name, dtype in _TYPES.items():
        if name in columns:
            columns[name] = frozen(columns[name], dtype)
    return Snapshot(**columns, **(exact or {}))
