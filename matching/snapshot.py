"""Build snapshots whose arrays have exactly the documented types and cannot be written to."""

from __future__ import annotations

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
_SCALARS = {field.name for field in fields(Snapshot)} - set(DTYPES)


def frozen(values: Any, dtype: DTypeLike) -> NDArray[Any]:
    """Return `values` as a contiguous read-only array of `dtype`, copied only where they are not."""
    if _is_frozen(values, dtype):
        return values  # type: ignore[no-any-return]  # an array of that dtype
    view = np.ascontiguousarray(values, dtype=dtype).view()
    view.setflags(write=False)
    return view


def _is_frozen(values: Any, dtype: DTypeLike) -> bool:
    """Tell whether values are what `frozen` would return."""
    if not isinstance(values, np.ndarray) or values.dtype != dtype:
        return False
    flags = values.flags
    return not flags.writeable and flags.c_contiguous


def build_snapshot(**columns: Any) -> Snapshot:
    """Return a `Snapshot` of `columns`, each array read-only and of its documented dtype.

    The kernels of this room are compiled for these types: any others would be compiled again, in the middle
    of a decision. Callers must not change the arrays that they hand over. O(size), without copies where
    the dtypes fit.

    Raises:
        TypeError: a field is missing or unknown.
    """
    for name, values in columns.items():
        if name in _TYPES and not _is_frozen(values, _TYPES[name]):
            columns[name] = frozen(values, _TYPES[name])
    unknown = columns.keys() - _SCALARS - _TYPES.keys()
    if unknown:
        raise TypeError(f"a snapshot has no {', '.join(sorted(unknown))}")
    return Snapshot(**columns)
