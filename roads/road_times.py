"""`RoadTimes`: exact travel times and paths on a city's roads, a million pairs a second."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from threading import Lock

from domain.errors import ContractError
from domain.units import FloatArray, IntArray
from domain.vehicles import Vehicle
from roads.city import City
from roads.labels import Labels, build_labels, build_skeleton, edge_milliseconds
from roads.paths import descend
from roads.protocols import Path
from roads.queries import matrix_seconds, node_vector, outside, pairs_seconds
from roads.traffic import FreeFlow, Traffic

_LABEL_SETS = 8


class RoadTimes:
    """Travel times of one city under one traffic (implements protocols.TravelTimes).

    Labels (see roads.labels) are made when a traffic slot and vehicle is first asked for, and the
    `label_sets` most recently used are kept; slots with equal weights, such as a bicycle's, share one.
    `times` costs well under a microsecond a pair; making a label set tens of milliseconds for 60,000 nodes.
    Threads may share an instance: the kernels release the GIL.
    """

    def __init__(self, city: City, traffic: Traffic | None = None, *, label_sets: int = _LABEL_SETS) -> None:
        self.city = city
        self.traffic: Traffic = traffic if traffic is not None else FreeFlow(city)
        self._skeleton = build_skeleton(city)
        self._label_sets = label_sets
        self._by_slot: OrderedDict[tuple[int, Vehicle], bytes] = OrderedDict()
        self._by_weights: OrderedDict[bytes, Labels] = OrderedDict()
        self._latest: tuple[tuple[int, Vehicle], Labels] | None = None
        self._lock = Lock()
        skeleton = self._skeleton
        self._tree = (skeleton.offsets, skeleton.shallowest, skeleton.log2)

    @property
    def node_count(self) -> int:
        """Number of nodes of the city."""
        return self.city.node_count

    @property
    def label_bytes(self) -> int:
        """Memory now taken by label sets."""
        return sum(labels.bytes for labels in self._by_weights.values())

    def times(
        self, origins: IntArray, destinations: IntArray, *, at_s: float, vehicle: Vehicle = Vehicle.CAR
    ) -> FloatArray:
        """Return seconds, pair by pair, float64 [n]; see protocols.TravelTimes."""
        a, b = node_vector(origins), node_vector(destinations)
        if a.shape != b.shape:
            raise ValueError(f"origins {a.shape} and destinations {b.shape} differ in shape")
        labels = self.labels(at_s=at_s, vehicle=vehicle)
        seconds: FloatArray = pairs_seconds(a, b, labels.up, labels.down, *self._tree)
        if len(seconds) < len(a):
            raise outside(self.node_count, a, b)
        return seconds

    def matrix(
        self, origins: IntArray, destinations: IntArray, *, at_s: float, vehicle: Vehicle = Vehicle.CAR
    ) -> FloatArray:
        """Return seconds from each of n origins to each of m destinations, float64 [n, m]."""
        a, b = node_vector(origins), node_vector(destinations)
        labels = self.labels(at_s=at_s, vehicle=vehicle)
        seconds: FloatArray = matrix_seconds(a, b, labels.up, labels.down, *self._tree)
        if len(seconds) < len(a):
            raise outside(self.node_count, a, b)
        return seconds

    def path(self, origin: int, destination: int, *, at_s: float, vehicle: Vehicle = Vehicle.CAR) -> Path:
        """Return a fastest path; of equally fast ones always the same."""
        count = self.node_count
        for node in (origin, destination):
            if not 0 <= node < count:
                raise IndexError(f"node {node} is outside [0, {count})")
        labels = self.labels(at_s=at_s, vehicle=vehicle)
        roads = (self.city.out_offsets, self.city.edge_to, labels.edge_ms)
        nodes, edges, seconds = descend(
            int(origin), int(destination), *roads, labels.up, labels.down, *self._tree
        )
        if nodes[-1] != destination:
            raise ContractError(f"no way from node {origin} to {destination} within 12 days of travel")
        return Path(nodes=nodes, edges=edges, seconds=seconds)

    def labels(self, *, at_s: float, vehicle: Vehicle = Vehicle.CAR) -> Labels:
        """Return the label set of that moment and vehicle, making it when it is not at hand."""
        key = (self.traffic.slot(at_s), vehicle)
        latest = self._latest  # most recently used already; read without the lock, for it is replaced whole
        if latest is not None and latest[0] == key:
            return latest[1]
        with self._lock:
            weights = self._by_slot.get(key)
            labels = self._by_weights.get(weights) if weights is not None else None
            if labels is not None and weights is not None:
                self._by_weights.move_to_end(weights)
            else:
                labels = self._make(key)
            self._latest = (key, labels)
            return labels

    def _make(self, key: tuple[int, Vehicle]) -> Labels:
        seconds = self.traffic.edge_seconds(*key)
        if seconds.shape != (self.city.edge_count,):
            raise ContractError(f"traffic gave {seconds.shape} edge times for {self.city.edge_count} edges")
        edge_ms = edge_milliseconds(seconds)
        digest = hashlib.blake2b(edge_ms.data, digest_size=16).digest()
        self._by_slot[key] = digest
        labels = self._by_weights.get(digest)
        if labels is None:
            while len(self._by_weights) >= self._label_sets:
                self._by_weights.popitem(last=False)
            labels = self._by_weights[digest] = build_labels(self.city, self._skeleton, edge_ms)
        self._by_weights.move_to_end(digest)
        return labels
