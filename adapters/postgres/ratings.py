"""Stars in PostgreSQL."""

from __future__ import annotations

import math

from adapters.postgres.database import PostgresDatabase
from domain.catalog import Rating
from domain.errors import Conflict

# Both sums are written in one order, so that two ratings never wait for each other.
_ADD = """
WITH added AS (
    INSERT INTO ratings (order_id, restaurant_id, driver_id, restaurant_stars, driver_stars, at_s)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (order_id) DO NOTHING
    RETURNING restaurant_id, driver_id, restaurant_stars, driver_stars
), given AS (
    SELECT 'driver' AS subject, driver_id AS id, driver_stars AS stars FROM added
    UNION ALL
    SELECT 'restaurant', restaurant_id, restaurant_stars FROM added
)
INSERT INTO rating_sums AS sums (subject, id, stars, count)
SELECT subject, id, coalesce(stars, 0), CASE WHEN stars IS NULL THEN 0 ELSE 1 END FROM given ORDER BY subject
ON CONFLICT (subject, id) DO UPDATE SET
    stars = sums.stars + excluded.stars, count = sums.count + excluded.count
RETURNING subject, stars, count
"""


class PostgresRatingStore:
    """Ratings and their running sums (implements domain.ports.RatingStore)."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._db = database

    async def add(self, rating: Rating) -> tuple[float, float]:
        """Store a rating; return the mean stars of restaurant and driver, NaN where there are none.

        Raises:
            Conflict: the order has been rated.
        """
        rows = await self._db.rows(
            _ADD,
            rating.order_id,
            rating.restaurant_id,
            rating.driver_id,
            rating.restaurant_stars,
            rating.driver_stars,
            rating.at_s,
        )
        if not rows:
            raise Conflict(f"order {rating.order_id} has been rated")
        means = {subject: stars / count if count else math.nan for subject, stars, count in rows}
        return means["restaurant"], means["driver"]
