"""Riverton's restaurants and homes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from roads.raw import RawPlace

Float64 = NDArray[np.float64]

# centre: position as a share of the half width, spread likewise, share of the restaurants
_CENTRES = (
    (0.0, 0.1, 0.16, 0.5),  # down town
    (-0.55, -0.5, 0.10, 0.18),  # south of the river
    (0.6, 0.45, 0.12, 0.2),  # the university
    (-0.3, 0.75, 0.10, 0.12),  # the north market
)
_KINDS = (("restaurant", 0.6), ("fast_food", 0.25), ("cafe", 0.15))
_CUISINES = {
    "restaurant": (
        "italian",
        "chinese",
        "indian",
        "thai",
        "japanese",
        "mexican",
        "vietnamese",
        "greek",
        "american",
    ),
    "fast_food": ("burger", "pizza", "kebab", "chicken", "sandwich", "noodle"),
    "cafe": ("coffee_shop", "breakfast", "bakery"),
}
_FIRST = (
    "Golden",
    "Blue",
    "Little",
    "Old",
    "Green",
    "Silver",
    "Happy",
    "Royal",
    "Lucky",
    "Red",
    "Quiet",
    "Corner",
)
_LAST = (
    "Spoon",
    "Lantern",
    "Garden",
    "Kitchen",
    "Table",
    "Oven",
    "Bowl",
    "Harbour",
    "Plate",
    "Olive",
    "Pot",
    "House",
)


def draw_places(
    half_size_m: tuple[float, float],
    block_m: float,
    to_degrees: Callable[[Float64, Float64], tuple[Float64, Float64]],
    rng: np.random.Generator,
) -> list[RawPlace]:
    """Return restaurants (one per 12 blocks or so) and homes (about three per block) in degrees."""
    blocks = int((2 * half_size_m[0] / block_m) * (2 * half_size_m[1] / block_m))
    restaurants = _restaurants(max(blocks // 12, 20), half_size_m, to_degrees, rng)
    return restaurants + _homes(3 * blocks, half_size_m, to_degrees, rng)


def _restaurants(
    count: int,
    half_size_m: tuple[float, float],
    to_degrees: Callable[[Float64, Float64], tuple[Float64, Float64]],
    rng: np.random.Generator,
) -> list[RawPlace]:
    centre = rng.choice(len(_CENTRES), size=count, p=[share for *_, share in _CENTRES])
    x0, y0, spread, _ = np.array(_CENTRES)[centre].T
    lat, lon = to_degrees(
        half_size_m[0] * np.clip(rng.normal(x0, spread), -1.0, 1.0),
        half_size_m[1] * np.clip(rng.normal(y0, spread), -1.0, 1.0),
    )
    kind = rng.choice([name for name, _ in _KINDS], size=count, p=[share for _, share in _KINDS])
    places = []
    for i in range(count):
        number = i // (len(_FIRST) * len(_LAST))
        name = f"{_FIRST[i % len(_FIRST)]} {_LAST[i // len(_FIRST) % len(_LAST)]}"
        tags = {
            "amenity": str(kind[i]),
            "cuisine": str(rng.choice(_CUISINES[str(kind[i])])),
            "name": f"{name} {number + 1}" if number else name,
        }
        places.append(RawPlace(tags=tags, lat=float(lat[i]), lon=float(lon[i])))
    return places


def _homes(
    count: int,
    half_size_m: tuple[float, float],
    to_degrees: Callable[[Float64, Float64], tuple[Float64, Float64]],
    rng: np.random.Generator,
) -> list[RawPlace]:
    """Return homes all over, flats where the town is dense."""
    x, y = rng.uniform(-1.0, 1.0, size=(2, count))
    is_flats = rng.random(count) < 0.35 * np.exp(-2.5 * np.hypot(x, y))
    lat, lon = to_degrees(half_size_m[0] * x, half_size_m[1] * y)
    return [
        RawPlace(tags={"building": "apartments" if flats else "house"}, lat=float(a), lon=float(o))
        for flats, a, o in zip(is_flats, lat, lon, strict=True)
    ]
