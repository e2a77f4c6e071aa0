"""Settings of the marketplace's services; config keys equal field names."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from domain.errors import UserError
from domain.units import DAY_S, MINUTE_S


def _require(settings: Any, *, positive: tuple[str, ...] = ()) -> None:
    """Refuse negative or NaN numbers, and zero where a field must be positive."""
    for one in fields(settings):
        value = getattr(settings, one.name)
        low_ok = value > 0 if one.name in positive else value >= 0
        if not low_ok:
            bound = "positive" if one.name in positive else "not negative"
            raise UserError(f"{type(settings).__name__}.{one.name} must be {bound}, not {value!r}")


@dataclass(frozen=True, kw_only=True)
class OrderSettings:
    """Placing and finishing orders.

    The delivery fee is ``fee_base_cents`` plus ``fee_per_km_cents`` for each started 100 m beyond
    ``fee_free_m`` (great-circle, restaurant to customer). `promise_level` is the quantile of the ETA model
    that customers are told (interpolated between the model's levels). `auto_complete_s` after delivery an
    order is completed. `idempotency_ttl_s` is how long a key answers with its first order; a request that has
    neither finished nor failed after `idempotency_lease_s` may be made anew under its key.
    """

    fee_base_cents: int = 199
    fee_per_km_cents: int = 75
    fee_free_m: float = 2000.0
    promise_level: float = 0.9
    auto_complete_s: float = 5 * MINUTE_S
    idempotency_ttl_s: float = DAY_S
    idempotency_lease_s: float = 30.0

    def __post_init__(self) -> None:
        _require(self, positive=("idempotency_ttl_s", "idempotency_lease_s"))
        if not 0.0 < self.promise_level < 1.0:
            raise UserError(f"OrderSettings.promise_level must be within (0, 1), not {self.promise_level!r}")


@dataclass(frozen=True, kw_only=True)
class MatchSettings:
    """Finding drivers.

    An offer stands for `offer_ttl_s`. Strategies that decide at once (window 0) try orders that are left over
    again at the next whole multiple of `retry_s` on the clock, all together: a backlog is one decision, not
    one per order. A driver who declined an order, or let its offer expire, is not asked again for that order
    until `max_offers` drivers have done so; then all may be asked again. An order that has waited
    `give_up_s` is cancelled by the system, reason "no driver". `pickup_service_s`, `dropoff_service_s` are
    the handling times that strategies and ETAs assume. An offer pays `pay_base_cents` per order plus
    `pay_per_min_cents` for each minute of driving that it adds.
    """

    offer_ttl_s: float = 30.0
    retry_s: float = 10.0
    max_offers: int = 10
    give_up_s: float = 30 * MINUTE_S
    pickup_service_s: float = 2 * MINUTE_S
    dropoff_service_s: float = 2 * MINUTE_S
    pay_base_cents: int = 300
    pay_per_min_cents: int = 20

    def __post_init__(self) -> None:
        _require(self, positive=("offer_ttl_s", "retry_s", "max_offers", "give_up_s"))


@dataclass(frozen=True, kw_only=True)
class CatalogSettings:
    """Caching of what customers browse.

    Times to live per kind; nearby restaurants within `nearby_radius_m`, at most `nearby_limit`; a cached
    cell with less than `refresh_ahead_s` to live is refilled in the background while it still serves.
    """

    menu_ttl_s: float = 5 * MINUTE_S
    nearby_ttl_s: float = 2 * MINUTE_S
    cuisines_ttl_s: float = 10 * MINUTE_S
    nearby_radius_m: float = 5000.0
    nearby_limit: int = 50
    refresh_ahead_s: float = 30.0

    def __post_init__(self) -> None:
        _require(self, positive=("menu_ttl_s", "nearby_ttl_s", "cuisines_ttl_s", "nearby_limit"))


@dataclass(frozen=True, kw_only=True)
class RatingSettings:
    """A driver's rating moves by `driver_weight` of the way to each new number of stars."""

    driver_weight: float = 0.02

    def __post_init__(self) -> None:
        if not 0.0 <= self.driver_weight <= 1.0:
            raise UserError(f"RatingSettings.driver_weight must be within [0, 1], not {self.driver_weight!r}")


@dataclass(frozen=True, kw_only=True)
class BreakerSettings:
    """When a circuit breaker opens, and for how long.

    It opens when at least `minimum_calls` calls of the last `window_s` seconds were made and a share of
    `failure_rate` of them failed; a call that takes longer than `timeout_s` has failed. After `reset_s` one
    call is let through: it closes the breaker, or opens it for as long again.
    """

    timeout_s: float = 10.0
    failure_rate: float = 0.5
    reset_s: float = 30.0
    minimum_calls: int = 2
    window_s: float = 30.0

    def __post_init__(self) -> None:
        _require(self, positive=("timeout_s", "failure_rate", "reset_s", "minimum_calls"))
        if self.failure_rate > 1.0 or self.window_s < 1.0:
            raise UserError("BreakerSettings: failure_rate is at most 1, window_s at least 1")


@dataclass(frozen=True, kw_only=True)
class ResilienceSettings:
    """The breakers, and how often events are handed out again to a handler that was unavailable."""

    matching: BreakerSettings = field(default_factory=BreakerSettings)
    payment: BreakerSettings = field(
        default_factory=lambda: BreakerSettings(timeout_s=5.0, failure_rate=0.3, reset_s=60.0)
    )
    cache: BreakerSettings = field(default_factory=lambda: BreakerSettings(timeout_s=1.0, reset_s=10.0))
    redeliver_s: float = 5.0

    def __post_init__(self) -> None:
        if not self.redeliver_s > 0:
            raise UserError(f"ResilienceSettings.redeliver_s must be positive, not {self.redeliver_s!r}")


@dataclass(frozen=True, kw_only=True)
class MarketplaceSettings:
    """All settings of one marketplace."""

    orders: OrderSettings = field(default_factory=OrderSettings)
    match: MatchSettings = field(default_factory=MatchSettings)
    catalog: CatalogSettings = field(default_factory=CatalogSettings)
    ratings: RatingSettings = field(default_factory=RatingSettings)
    resilience: ResilienceSettings = field(default_factory=ResilienceSettings)
