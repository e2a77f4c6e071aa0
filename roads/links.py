"""`Links`: directed pieces of road between nodes, the form in which all sources meet."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from domain.units import haversine_m
from roads.city import Float64, Int32
from roads.tags import HIGHWAY_NAMES, HIGHWAYS

# road class of each index of HIGHWAY_NAMES
CLASS_OF_HIGHWAY = np.array([HIGHWAYS[name][0] for name in HIGHWAY_NAMES], dtype=np.int8)
_DEFAULT_KPH = np.array([HIGHWAYS[name][1] for name in HIGHWAY_NAMES])
_ENOUGH_TAGGED = 50


@dataclass(frozen=True, kw_only=True, eq=False)
class Links:
    """n nodes and k directed links. Arrays:

    `node_lat`, `node_lon` float64 [n]; `start`, `end` int32 [k]; `length_m` float64 [k]; `speed_kph`
    float64 [k] (NaN: unknown); `highway` int8 [k], an index of HIGHWAY_NAMES; `is_bridge` bool [k];
    `street` int32 [k], an index of `streets` or -1; `geom_offsets` int64 [k+1], `geom_lat`, `geom_lon`
    float64: polylines with both ends. `is_simplified`: all nodes are junctions already.
    """

    node_lat: Float64
    node_lon: Float64
    start: Int32
    end: Int32
    length_m: Float64
    speed_kph: Float64
    highway: NDArray[np.int8]
    is_bridge: NDArray[np.bool_]
    street: Int32
    streets: tuple[str, ...]
    geom_offsets: NDArray[np.int64]
    geom_lat: Float64
    geom_lon: Float64
    is_simplified: bool = False

    @property
    def node_count(self) -> int:
        """Number of nodes."""
        return len(self.node_lat)

    @property
    def link_count(self) -> int:
        """Number of directed links."""
        return len(self.start)

    @property
    def seconds(self) -> Float64:
        """Free-flow seconds of each link, float64 [k]."""
        return self.length_m / self.speed_kph * 3.6

    def select_links(self, chosen: NDArray[np.int64]) -> Links:
        """Return the links of the given indices, in that order, with all nodes."""
        counts = np.diff(self.geom_offsets)[chosen]
        offsets = np.concatenate([[0], np.cumsum(counts)])
        points = np.repeat(self.geom_offsets[:-1][chosen] - offsets[:-1], counts) + np.arange(offsets[-1])
        names = ("start", "end", "length_m", "speed_kph", "highway", "is_bridge", "street")
        return replace(
            self,
            **{name: getattr(self, name)[chosen] for name in names},
            geom_offsets=offsets,
            geom_lat=self.geom_lat[points],
            geom_lon=self.geom_lon[points],
        )

    def select_nodes(self, is_kept: NDArray[np.bool_]) -> Links:
        """Return the kept nodes, renumbered in the same order, with the links between them."""
        number = np.cumsum(is_kept, dtype=np.int32) - np.int32(1)
        links = self.select_links(np.flatnonzero(is_kept[self.start] & is_kept[self.end]))
        return replace(
            links,
            node_lat=self.node_lat[is_kept],
            node_lon=self.node_lon[is_kept],
            start=number[links.start],
            end=number[links.end],
        )


def geometric_length_m(links: Links) -> Float64:
    """Return the length of each link's polyline in metres, float64 [k]."""
    lat, lon = links.geom_lat, links.geom_lon
    if links.link_count == 0:
        return np.empty(0)
    steps = np.zeros(len(lat))
    steps[1:] = haversine_m(lat[:-1], lon[:-1], lat[1:], lon[1:])
    steps[links.geom_offsets[:-1]] = 0.0  # from one link's end to the next one's start
    lengths: Float64 = np.add.reduceat(steps, links.geom_offsets[:-1])
    return lengths


def impute_speeds(links: Links) -> tuple[Links, dict[str, int | float]]:
    """Return links with every speed known, and the counts for the provenance.

    An untagged link gets the length-weighted mean speed of the tagged links of its highway value when at
    least 50 links have one, else that value's default.
    """
    speed = links.speed_kph.copy()
    tagged = np.isfinite(speed)
    from_extract = 0
    for value, default in enumerate(_DEFAULT_KPH):
        known = tagged & (links.highway == value)
        missing = ~tagged & (links.highway == value)
        if known.sum() >= _ENOUGH_TAGGED:
            speed[missing] = np.average(speed[known], weights=links.length_m[known] + 1e-9)
            from_extract += int(missing.sum())
        else:
            speed[missing] = default
    total, known_m = links.link_count, float(links.length_m[tagged].sum())
    counts: dict[str, int | float] = {
        "links_with_tagged_speed": int(tagged.sum()),
        "links_with_speed_of_their_class_in_the_extract": from_extract,
        "links_with_default_speed": total - int(tagged.sum()) - from_extract,
        "share_of_length_with_tagged_speed": round(known_m / max(float(links.length_m.sum()), 1e-9), 4),
    }
    return replace(links, speed_kph=speed), counts
