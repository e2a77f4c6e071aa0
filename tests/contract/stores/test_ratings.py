"""RatingStore: running means."""

from __future__ import annotations

import math
from typing import Any

import pytest

from domain.catalog import Rating
from domain.errors import Conflict

pytestmark = pytest.mark.port("ratings")


def rating(order_id: int, restaurant_stars: int | None, driver_stars: int | None) -> Rating:
    return Rating(
        order_id=order_id,
        restaurant_id=1,
        driver_id=2,
        restaurant_stars=restaurant_stars,
        driver_stars=driver_stars,
        at_s=5.0,
    )


def test_ratings_give_running_means_and_count_an_order_once(backend: Any) -> None:
    run, ratings = backend.run, backend.stores.ratings
    assert run(ratings.add(rating(1, 5, 4))) == (5.0, 4.0)
    assert run(ratings.add(rating(2, 2, None))) == (3.5, 4.0)
    with pytest.raises(Conflict):
        run(ratings.add(rating(2, 1, 1)))
    assert run(ratings.add(rating(3, None, 1))) == (3.5, 2.5)


def test_unrated_means_are_nan(backend: Any) -> None:
    restaurant_mean, driver_mean = backend.run(backend.stores.ratings.add(rating(1, None, 3)))
    assert math.isnan(restaurant_mean)
    assert driver_mean == 3.0
