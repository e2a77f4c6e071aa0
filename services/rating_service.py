"""Stars for restaurants and drivers."""

from __future__ import annotations

import math
from contextlib import suppress

from domain.catalog import Rating
from domain.errors import Conflict, InvalidRequest, NotFound, Unavailable
from domain.order_state import OrderState
from domain.ports import Clock
from domain.stores import Stores
from services.settings import RatingSettings

_RATEABLE = frozenset({OrderState.DELIVERED, OrderState.COMPLETED})


class RatingService:
    """Takes each order's rating once and spreads the news.

    The restaurant's rating in the catalog becomes the mean of its stars; cached menus and lists follow
    within their time to live. The driver's moves a little towards the new stars (see `RatingSettings`); while
    the driver index is out of reach the stars are stored all the same, and that one move is forgone.
    """

    def __init__(self, stores: Stores, clock: Clock, settings: RatingSettings) -> None:
        self._orders = stores.orders
        self._ratings = stores.ratings
        self._catalog = stores.catalog
        self._drivers = stores.drivers
        self._clock = clock
        self._settings = settings

    async def rate(
        self, order_id: int, customer_id: int, *, restaurant_stars: int | None, driver_stars: int | None
    ) -> Rating:
        """Rate an order.

        Raises:
            InvalidRequest: no stars at all, or not whole stars from 1 to 5. NotFound: no such order.
            Conflict: not this customer's, not delivered, or rated already.
        """
        _check_stars(restaurant_stars, driver_stars)
        order = (await self._orders.get([order_id]))[0]
        if order.customer_id != customer_id:
            raise Conflict(f"order {order_id} is not customer {customer_id}'s")
        if order.state not in _RATEABLE or order.driver_id is None:
            raise Conflict(f"order {order_id} is {order.state.name}: only delivered orders can be rated")
        rating = Rating(
            order_id=order_id,
            restaurant_id=order.restaurant_id,
            driver_id=order.driver_id,
            restaurant_stars=restaurant_stars,
            driver_stars=driver_stars,
            at_s=self._clock.now_s(),
        )
        mean, _ = await self._ratings.add(rating)
        if restaurant_stars is not None and not math.isnan(mean):
            await self._catalog.amend_restaurant(order.restaurant_id, rating=mean)
        if driver_stars is not None:
            with suppress(Unavailable, NotFound):
                weight = self._settings.driver_weight
                await self._drivers.move_rating(order.driver_id, driver_stars, weight)
        return rating


def _check_stars(*given: int | None) -> None:
    stars = [one for one in given if one is not None]
    if not stars:
        raise InvalidRequest("a rating needs stars for the restaurant, the driver or both")
    for one in stars:
        if isinstance(one, bool) or not isinstance(one, int) or not 1 <= one <= 5:
            raise InvalidRequest(f"stars are whole numbers from 1 to 5, not {one!r}")
