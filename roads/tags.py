"""OSM tags: which ways a car may drive, in which direction, how fast.

The filter is that of OSMnx's ``drive`` network (OSMnx 2, `_overpass._get_network_filter`), with service roads
optional as in its ``drive_service``; one-way rules are those of its `graph._is_path_one_way`, plus motorways.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from roads.city import RoadClass

Tags = Mapping[str, str]

# highway value -> (road class, default speed kph where the extract cannot say)
HIGHWAYS: dict[str, tuple[RoadClass, float]] = {
    "motorway": (RoadClass.MOTORWAY, 100.0),
    "motorway_link": (RoadClass.MOTORWAY, 60.0),
    "trunk": (RoadClass.TRUNK, 80.0),
    "trunk_link": (RoadClass.TRUNK, 50.0),
    "primary": (RoadClass.PRIMARY, 60.0),
    "primary_link": (RoadClass.PRIMARY, 40.0),
    "secondary": (RoadClass.SECONDARY, 50.0),
    "secondary_link": (RoadClass.SECONDARY, 40.0),
    "tertiary": (RoadClass.TERTIARY, 50.0),
    "tertiary_link": (RoadClass.TERTIARY, 40.0),
    "unclassified": (RoadClass.UNCLASSIFIED, 40.0),
    "road": (RoadClass.UNCLASSIFIED, 40.0),
    "residential": (RoadClass.RESIDENTIAL, 30.0),
    "living_street": (RoadClass.LIVING_STREET, 10.0),
    "service": (RoadClass.SERVICE, 20.0),
}
HIGHWAY_NAMES = tuple(HIGHWAYS)
HIGHWAY_INDEX = {name: index for index, name in enumerate(HIGHWAY_NAMES)}
OTHER_HIGHWAY = "unclassified"  # a drivable way with a highway value that is not in the table

_NOT_DRIVABLE = re.compile(
    "abandoned|bridleway|bus_guideway|construction|corridor|cycleway|elevator|escalator|footway|no|path|"
    "pedestrian|planned|platform|proposed|raceway|razed|rest_area|services|steps|track"
)
_SERVICE_NOT_DRIVABLE = re.compile("alley|driveway|emergency_access|parking|parking_aisle|private")
_SERVICE_NEVER = re.compile("emergency_access|parking|parking_aisle|private")
_ONEWAY = {"yes", "true", "1", "-1", "reverse", "T", "F"}
_REVERSED = {"-1", "reverse", "T"}
_SPEED = re.compile(r"^(\d+(?:\.\d+)?)\s*(km/?h|kph|kmph|mph|knots)?$")
_UNIT_KPH = {"mph": 1.609344, "knots": 1.852}
_ZONE_KPH = {
    "urban": 50.0,
    "rural": 90.0,
    "motorway": 120.0,
    "trunk": 100.0,
    "living_street": 7.0,
    "zone30": 30.0,
}
# what differs from the usual value: https://wiki.openstreetmap.org/wiki/Speed_limits
_COUNTRY_ZONE_KPH = {
    "DE:rural": 100.0,
    "DE:motorway": 130.0,
    "FR:rural": 80.0,
    "FR:motorway": 130.0,
    "AT:rural": 100.0,
    "AT:motorway": 130.0,
    "IT:motorway": 130.0,
    "CH:rural": 80.0,
    "GB:nsl_single": 96.56064,
    "GB:nsl_dual": 112.65408,
    "GB:motorway": 112.65408,
    "UK:motorway": 112.65408,
    "RU:urban": 60.0,
    "RU:living_street": 20.0,
}
WALK_KPH = 7.0
UNLIMITED_KPH = 130.0


def is_drivable(tags: Tags, *, service_roads: bool = False) -> bool:
    """Return whether a car may use the way (OSMnx's ``drive`` filter, or ``drive_service``)."""
    highway = tags.get("highway")
    if highway is None or "yes" in tags.get("area", "") or _NOT_DRIVABLE.search(highway):
        return False
    if highway == "service" and not service_roads:
        return False
    if "private" in tags.get("access", "") or any(
        "no" in tags.get(key, "") for key in ("motor_vehicle", "motorcar")
    ):
        return False
    unusable = _SERVICE_NEVER if service_roads else _SERVICE_NOT_DRIVABLE
    return not unusable.search(tags.get("service", ""))


def directions(tags: Tags) -> tuple[bool, bool]:
    """Return whether traffic may follow the way's node order, and whether it may go against it."""
    oneway = tags.get("oneway", "")
    if oneway in _ONEWAY:
        return (False, True) if oneway in _REVERSED else (True, False)
    implied = tags.get("junction") in ("roundabout", "circular") or tags.get("highway") == "motorway"
    return True, not (implied and oneway != "no")


def speed_kph(text: str) -> float | None:
    """Return the speed that a `maxspeed` value means, or None when it says none.

    Understands ``50``, ``30 mph``, ``50;30`` and ``50|30`` (their mean), ``DE:urban``, ``none``, ``walk``.
    Values of 0 or above 200 kph are taken for typing errors.
    """
    speeds = [kph for part in re.split(r"[;|,]", text) if (kph := _one_speed(part.strip())) is not None]
    return sum(speeds) / len(speeds) if speeds else None


def _one_speed(text: str) -> float | None:
    match = _SPEED.match(text.lower())
    if match:
        kph = float(match[1]) * _UNIT_KPH.get(match[2] or "", 1.0)
        return kph if 0.0 < kph <= 200.0 else None
    if text in ("none", "unlimited"):
        return UNLIMITED_KPH
    if text == "walk":
        return WALK_KPH
    if text in _COUNTRY_ZONE_KPH:
        return _COUNTRY_ZONE_KPH[text]
    country, _, zone = text.partition(":")
    if len(country) != 2 or not country.isupper():
        return None
    match = re.match(r"^(?:zone:?)?(\d+)$", zone)
    return float(match[1]) if match else _ZONE_KPH.get(zone.replace(":", ""))


def way_speed_kph(tags: Tags) -> float | None:
    """Return the way's tagged speed: `maxspeed`, the mean of its two directions, or its zone's."""
    for keys in (
        ("maxspeed",),
        ("maxspeed:forward", "maxspeed:backward"),
        ("zone:maxspeed", "maxspeed:type"),
    ):
        speeds = [kph for key in keys if key in tags and (kph := speed_kph(tags[key])) is not None]
        if speeds:
            return sum(speeds) / len(speeds)
    return None


def highway_index(highway: str) -> int:
    """Return the index in HIGHWAY_NAMES of a drivable highway value."""
    return HIGHWAY_INDEX.get(highway, HIGHWAY_INDEX[OTHER_HIGHWAY])


def is_bridge(tags: Tags) -> bool:
    """Return whether the way runs on a bridge."""
    return tags.get("bridge", "no") not in ("no", "")
