"""Cache: times to live, stampedes, invalidation."""

from __future__ import annotations

from typing import Any

import pytest

from domain.catalog import Menu, MenuItem, Restaurant

pytestmark = pytest.mark.port("cache")


def test_cached_values_live_for_their_time(backend: Any) -> None:
    run, cache = backend.run, backend.stores.cache
    assert run(cache.get("k", 0.0)) is None
    token = run(cache.begin_fill("k", 0.0))
    assert run(cache.finish_fill("k", token, [1, "two"], ttl_s=10.0, now_s=0.0))
    assert run(cache.get("k", 9.9)) == [1, "two"]
    assert run(cache.get("k", 10.0)) is None


def test_one_caller_refills_until_the_claim_lapses(backend: Any) -> None:
    run, cache = backend.run, backend.stores.cache
    first = run(cache.begin_fill("k", 0.0))
    assert run(cache.begin_fill("k", 4.9)) is None
    second = run(cache.begin_fill("k", 5.0))
    assert second is not None
    assert second != first
    assert not run(cache.finish_fill("k", first, "old", ttl_s=10.0, now_s=6.0))
    assert run(cache.finish_fill("k", second, "new", ttl_s=10.0, now_s=6.0))
    assert run(cache.get("k", 7.0)) == "new"


def test_a_refill_begun_before_an_invalidation_is_void(backend: Any) -> None:
    run, cache = backend.run, backend.stores.cache
    token = run(cache.begin_fill("k", 0.0))
    run(cache.invalidate(["k", "unknown"]))
    assert not run(cache.finish_fill("k", token, "stale", ttl_s=10.0, now_s=1.0))
    assert run(cache.get("k", 1.0)) is None
    fresh = run(cache.begin_fill("k", 1.0))
    assert run(cache.finish_fill("k", fresh, "new", ttl_s=10.0, now_s=1.0))
    run(cache.invalidate(["k"]))
    assert run(cache.get("k", 2.0)) is None


def test_what_is_cached_comes_back_as_it_was(backend: Any) -> None:
    run, cache = backend.run, backend.stores.cache
    one = Restaurant(id=1, name="Ü & co", cuisine="thai", lat=49.2, lon=-123.1, prep_time_s=600.0)
    dish = MenuItem(id=3, restaurant_id=1, name="soup", price_cents=800, category="main")
    for value in (Menu(restaurant=one, items=(dish,)), (12.5, [one, one]), ["greek", "thai"]):
        token = run(cache.begin_fill("k", 0.0))
        run(cache.finish_fill("k", token, value, ttl_s=10.0, now_s=0.0))
        assert run(cache.get("k", 1.0)) == value
        run(cache.invalidate(["k"]))


def test_of_racing_refills_one_is_admitted(backend: Any) -> None:
    tokens = backend.together([backend.stores.cache.begin_fill("k", 0.0) for _ in range(8)])
    assert sum(token is not None for token in tokens) == 1
