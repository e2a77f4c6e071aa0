"""Random valid ETA features and histories, for tests and for people who write models."""

from __future__ import annotations

import numpy as np

from domain.order_state import OrderState
from eta.contract import EtaFeatures, EtaHistory


def make_features(n: int = 200, *, seed: int = 0) -> EtaFeatures:
    """Return random features of n orders in all states, overdue kitchens among them; read-only arrays."""
    rng = np.random.default_rng(seed)
    state = rng.integers(OrderState.PLACED, OrderState.CANCELLED + 1, n).astype(np.int8)
    carried = np.isin(state, (OrderState.PICKED_UP, OrderState.DELIVERED, OrderState.COMPLETED))
    has_driver = carried | (rng.random(n) < 0.5)
    drive = np.where(carried, 0.0, np.where(has_driver, rng.gamma(2.0, 150.0, n), np.nan))
    prep = np.where(state < OrderState.READY_FOR_PICKUP, rng.normal(500.0, 400.0, n), -rng.uniform(0, 300, n))
    features = EtaFeatures(
        state=state,
        has_driver=has_driver.astype(np.int8),
        to_restaurant_s=drive,
        prep_remaining_s_est=prep,
        to_customer_s=rng.gamma(3.0, 150.0, n),
        hour=rng.uniform(0.0, 24.0, n),
        load=rng.integers(0, 3, n).astype(np.int16),
        restaurant=rng.integers(1, 50, n),
    )
    for array in vars(features).values():
        array.setflags(write=False)
    return features


def make_history(n: int = 2_000, *, seed: int = 0) -> EtaHistory:
    """Return random features with what came true: the later of driver and food, the drive, and noise."""
    rng = np.random.default_rng(seed + 1)
    features = make_features(n, seed=seed)
    first = np.maximum(np.nan_to_num(features.to_restaurant_s, nan=500.0), features.prep_remaining_s_est)
    first = np.where(features.state >= OrderState.PICKED_UP, 0.0, np.maximum(first, 0.0))
    actual = (first + features.to_customer_s + 240.0) * rng.lognormal(0.0, 0.2, n)
    return EtaHistory(
        features=features, actual_s=np.where(features.state > OrderState.PICKED_UP, 0.0, actual)
    )
