"""`City`: one city's compiled roads, restaurants and homes, as frozen numpy arrays."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from domain.errors import CityError
from domain.units import EARTH_RADIUS_M, FloatArray
from roads.container import Arrays, read_container, write_container

SUFFIX = ".city"
Int32 = NDArray[np.int32]
Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


class RoadClass(IntEnum):
    """What an edge is, from OSM's `highway` tag (links count as the road they join)."""

    MOTORWAY = 0
    TRUNK = 1
    PRIMARY = 2
    SECONDARY = 3
    TERTIARY = 4
    UNCLASSIFIED = 5
    RESIDENTIAL = 6
    LIVING_STREET = 7
    SERVICE = 8


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class City:
    """One city: n nodes (junctions), e directed edges, r restaurants, h homes. All arrays read-only.

    Node ids 0..n-1 are numbered in contraction order, so that near nodes have near ids; every node
    reaches every other one. Edges are sorted by (from, to), at most one per pair, none from a node to itself;
    the edges leaving node v are ``out_offsets[v]:out_offsets[v + 1]``.

    - `node_lat`, `node_lon` float64 [n], degrees
    - `edge_from`, `edge_to` int32 [e]; `out_offsets` int32 [n+1]
    - `edge_length_m` float32 [e]; `edge_speed_kph` float32 [e], a car's free flow; `edge_class` int8 [e]:
      RoadClass
    - `edge_is_bridge` bool [e]; `edge_street` int32 [e], an index of `streets`, -1 for a road without name
    - `geom_offsets` int32 [e+1], `geom_lat`, `geom_lon` float64: each edge's polyline with both its end nodes
    - `tree_parent` int32 [n]: elimination tree, parent > child, -1 at the root; `up_offsets` int32 [n+1],
      `up_to` int32: the contraction hierarchy's upward neighbours, ascending (see roads.hierarchy)
    - `restaurant_lat`, `restaurant_lon` float64 [r], `restaurant_node` int32 [r]; name, kind
      (``restaurant``, ``fast_food``, ``cafe``, ...) and cuisine ("" when unknown): tuples of r strings
    - `home_lat`, `home_lon` float64 [h], `home_node` int32 [h], `home_weight` float32 [h]: where customers
      live
    - `provenance`: where all this comes from (source file and its sha256, licence, counts, warnings)
    """

    name: str
    node_lat: Float64
    node_lon: Float64
    edge_from: Int32
    edge_to: Int32
    out_offsets: Int32
    edge_length_m: Float32
    edge_speed_kph: Float32
    edge_class: NDArray[np.int8]
    edge_is_bridge: NDArray[np.bool_]
    edge_street: Int32
    geom_offsets: Int32
    geom_lat: Float64
    geom_lon: Float64
    tree_parent: Int32
    up_offsets: Int32
    up_to: Int32
    restaurant_lat: Float64
    restaurant_lon: Float64
    restaurant_node: Int32
    home_lat: Float64
    home_lon: Float64
    home_node: Int32
    home_weight: Float32
    streets: tuple[str, ...]
    restaurant_name: tuple[str, ...]
    restaurant_kind: tuple[str, ...]
    restaurant_cuisine: tuple[str, ...]
    provenance: dict[str, Any]

    def __post_init__(self) -> None:
        for array in self.arrays().values():
            array.setflags(write=False)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__post_init__()  # pickling loses the read-only flags

    def with_warning(self, warning: str) -> City:
        """Return the city with one more of the warnings that its provenance tells."""
        warnings = [*self.provenance.get("warnings", ()), warning]
        return replace(self, provenance={**self.provenance, "warnings": warnings})

    def __repr__(self) -> str:
        return f"City({self.name!r}, nodes={self.node_count}, edges={self.edge_count})"

    @property
    def node_count(self) -> int:
        """Number of nodes."""
        return len(self.node_lat)

    @property
    def edge_count(self) -> int:
        """Number of directed edges."""
        return len(self.edge_from)

    @property
    def restaurant_count(self) -> int:
        """Number of restaurants."""
        return len(self.restaurant_node)

    @property
    def home_count(self) -> int:
        """Number of homes."""
        return len(self.home_node)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """South, west, north, east of all nodes, degrees."""
        lat, lon = self.node_lat, self.node_lon
        return float(lat.min()), float(lon.min()), float(lat.max()), float(lon.max())

    @property
    def centre(self) -> tuple[float, float]:
        """Latitude and longitude of the middle of the bounds, degrees."""
        south, west, north, east = self.bounds
        return (south + north) / 2.0, (west + east) / 2.0

    def project(self, lat: FloatArray, lon: FloatArray) -> tuple[Float64, Float64]:
        """Return metres east and north of `centre` (equirectangular) of points in degrees, any shape."""
        lat0, lon0 = self.centre
        metres = np.radians(1.0) * EARTH_RADIUS_M
        x = (np.asarray(lon, dtype=np.float64) - lon0) * metres * np.cos(np.radians(lat0))
        y = (np.asarray(lat, dtype=np.float64) - lat0) * metres
        return x, y

    def arrays(self) -> Arrays:
        """Return the array fields by name, in the order of declaration."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}

    @cached_property
    def content_hash(self) -> str:
        """Sha256 over arrays and texts; the same for two imports of one source, whatever name or timings."""
        digest = hashlib.sha256()
        for name, array in self.arrays().items():
            digest.update(f"{name}{array.dtype.str}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).data)
        for texts in (self.streets, self.restaurant_name, self.restaurant_kind, self.restaurant_cuisine):
            digest.update("\x1f".join(texts).encode() + b"\x1e")
        return digest.hexdigest()

    def save(self, path: Path | str) -> None:
        """Write the city to `path` atomically; CityError when it cannot be written."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        header = {name: value for name, value in values.items() if not isinstance(value, np.ndarray)}
        write_container(Path(path), header, self.arrays())

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Return the city saved at `path`; CityError, naming the file, when it is unusable."""
        header, arrays = read_container(Path(path))
        values: dict[str, Any] = {**header, **arrays}
        for key, value in header.items():
            if isinstance(value, list):
                values[key] = tuple(value)
        try:
            return cls(**values)
        except TypeError as error:
            raise CityError(f"{path} lacks or has unknown fields: import again ({error})") from error
