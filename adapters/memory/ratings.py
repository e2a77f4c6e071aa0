"""Stars in memory."""

from __future__ import annotations

import math

from adapters.memory.marks import Marks
from domain.catalog import Rating
from domain.errors import Conflict


class MemoryRatingStore:
    """Running sums of stars (implements domain.ports.RatingStore)."""

    def __init__(self) -> None:
        self._rated = Marks()
        self._restaurants: dict[int, tuple[int, int]] = {}
        self._drivers: dict[int, tuple[int, int]] = {}

    async def add(self, rating: Rating) -> tuple[float, float]:
        """Store a rating; return the mean stars of restaurant and driver, NaN where there are none.

        Raises:
            Conflict: the order has been rated.
        """
        if rating.order_id in self._rated:
            raise Conflict(f"order {rating.order_id} has been rated")
        self._rated.add(rating.order_id)
        return (
            _add(self._restaurants, rating.restaurant_id, rating.restaurant_stars),
            _add(self._drivers, rating.driver_id, rating.driver_stars),
        )


def _add(sums: dict[int, tuple[int, int]], key: int, stars: int | None) -> float:
    total, count = sums.get(key, (0, 0))
    if stars is not None:
        total, count = total + stars, count + 1
        sums[key] = (total, count)
    return total / count if count else math.nan
