"""What every road source delivers: OSM-shaped raw data, or ready links, plus places and homes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roads.links import Links
from roads.tags import Tags


@dataclass(frozen=True, kw_only=True)
class RawWay:
    """One OSM way: its tags and the ids of its nodes, int64 [k]; ids may be missing from the extract."""

    tags: Tags
    refs: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class RawPlace:
    """A place that may be a restaurant or a home: an OSM node, or the centre of an OSM area."""

    tags: Tags
    lat: float
    lon: float


@dataclass(frozen=True, kw_only=True)
class RawOsm:
    """OSM-shaped roads: `node_id` int64 [n] ascending, `node_lat`, `node_lon` float64 [n], and ways."""

    node_id: NDArray[np.int64]
    node_lat: NDArray[np.float64]
    node_lon: NDArray[np.float64]
    ways: list[RawWay]


@dataclass(frozen=True, kw_only=True)
class RawCity:
    """One source, read: its roads (OSM-shaped, or links that need no tags), its places, and what to record.

    `provenance` holds source kind, licence and attribution, and the counts and warnings that only the
    reader knows.
    """

    roads: RawOsm | Links
    places: list[RawPlace] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)


OSM_LICENCE = {"licence": "ODbL 1.0", "attribution": "© OpenStreetMap contributors"}
