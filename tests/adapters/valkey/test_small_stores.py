"""Cache, idempotency keys and sessions on a real Valkey: what is particular to them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from adapters.valkey import ValkeyCache, ValkeyIdempotencyStore, ValkeyServer, ValkeySessionStore
from adapters.valkey.encoding import decode, describe, encode
from domain.catalog import Menu, MenuItem, Restaurant
from domain.order_state import Actor
from domain.ports import ClaimState
from tests.adapters.valkey.conftest import Run

PLACE = Restaurant(id=1, name="Ü", cuisine="thai", lat=49.2, lon=-123.1, prep_time_s=600.0, rating=None)
DISH = MenuItem(id=3, restaurant_id=1, name="soup", price_cents=800, category="main")
VALUES = [
    None,
    True,
    -(2**62),
    1e-300,
    "text\nof two lines",
    b"\x00\n",
    [],
    (),
    [1, "two", 3.5, None],
    (1, (2, [3]), [(4,), (5,)]),
    {"a": [1], "b": [2, 3]},
    {"a": 1, "b": None},
    PLACE,
    Menu(restaurant=PLACE, items=(DISH, DISH)),
    Menu(restaurant=PLACE, items=()),
    (12.5, [PLACE, PLACE]),
    (12.5, []),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_come_back_equal_and_of_the_same_types(value: Any) -> None:
    again = decode(encode(value))
    assert again == value
    assert shape(again) == shape(value)


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return type(value), [shape(inner) for inner in value]
    return type(value)


@pytest.mark.parametrize("value", [object(), {1: 2}, {1, 2}, [PLACE, object()], Actor.DRIVER], ids=repr)
def test_what_would_come_back_different_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        encode(value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"int",
        b"int\n",
        b"int\n\xa1x",
        b"Secret\n\x01",
        b"list[int\n\x90",
        b"list[int]]\n\x90",
        b"[int]\n\x90",
        b"__import__\n\x01",
        b"Menu\n" + encode(PLACE).partition(b"\n")[2],
        b"\xff\n\x01",
    ],
)
def test_bytes_that_are_none_of_ours_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no cached value"):
        decode(data)


def test_long_lists_are_described_briefly() -> None:
    assert describe((0.0, [PLACE] * 500)) == "tuple[float,list[Restaurant]]"


def put(run: Run, cache: ValkeyCache, value: Any, now_s: float = 0.0) -> None:
    token = run(cache.begin_fill("k", now_s))
    assert token is not None
    assert run(cache.finish_fill("k", token, value, ttl_s=100.0, now_s=now_s))


def test_unchanged_values_are_decoded_once(market: ValkeyServer, run: Run) -> None:
    cache, other = ValkeyCache(market), ValkeyCache(market)
    put(run, cache, [PLACE])
    first = run(cache.get("k", 1.0))
    assert run(cache.get("k", 2.0)) is first
    run(other.invalidate(["k"]))
    assert run(cache.get("k", 3.0)) is None
    put(run, other, [PLACE, PLACE])
    assert run(cache.get("k", 4.0)) == [PLACE, PLACE]


def test_what_another_program_wrote_is_missing(market: ValkeyServer, run: Run) -> None:
    cache = ValkeyCache(market)
    run(market.call("HSET", market.key("cache:k"), "value", b"Unknown\n\x01", "until", "100"))
    assert run(cache.get("k", 1.0)) is None
    put(run, cache, "fresh", now_s=1.0)
    assert run(cache.get("k", 2.0)) == "fresh"


def test_values_serve_while_they_are_refilled(market: ValkeyServer, run: Run) -> None:
    cache = ValkeyCache(market)
    put(run, cache, "old")
    token = run(cache.begin_fill("k", 50.0))
    assert run(cache.get("k", 60.0)) == "old"
    assert run(cache.finish_fill("k", token, "new", ttl_s=100.0, now_s=60.0))
    assert run(cache.get("k", 159.0)) == "new"


def ttl_s(run: Run, market: ValkeyServer, name: str) -> int:
    seconds: int = run(market.call("TTL", market.key(name)))
    return seconds


def test_the_server_forgets_by_itself_later_than_we_do(market: ValkeyServer, run: Run) -> None:
    cache, claims, sessions = ValkeyCache(market), ValkeyIdempotencyStore(market), ValkeySessionStore(market)
    run(cache.begin_fill("k", 0.0))
    assert 5 < ttl_s(run, market, "cache:k") <= 60
    run(cache.invalidate(["k"]))
    put(run, cache, 1)
    assert 100 < ttl_s(run, market, "cache:k") <= 160
    run(cache.begin_fill("k", 1.0))
    assert 100 < ttl_s(run, market, "cache:k") <= 160
    run(claims.claim("c", "f", now_s=0.0, ttl_s=50.0))
    run(claims.complete("c", 7))
    assert 50 < ttl_s(run, market, "claim:c") <= 86_450
    run(sessions.open(Actor.DRIVER, 1, 0.0))
    (name,) = run(market.call("SCAN", 0, "MATCH", market.key("session:*"), "COUNT", 10**6))[1]
    assert 86_400 < run(market.call("TTL", name)) <= 86_460


def test_the_store_does_not_tell_tokens(market: ValkeyServer, run: Run) -> None:
    session = run(ValkeySessionStore(market).open(Actor.CUSTOMER, 5, 0.0))
    keys = run(market.call("SCAN", 0, "COUNT", 10**6))[1]
    assert not any(session.token.encode() in key for key in keys)


def test_of_racing_claims_from_several_processes_one_is_new(market: ValkeyServer, run: Run) -> None:
    stores = [ValkeyIdempotencyStore(market) for _ in range(20)]

    async def race(key: str) -> list[ClaimState]:
        claims = await asyncio.gather(*(one.claim(key, "f", now_s=0.0, ttl_s=9.0) for one in stores))
        return [claim.state for claim in claims]

    for number in range(10):
        assert run(race(f"key {number}")).count(ClaimState.NEW) == 1


def test_a_claim_that_is_over_leaves_no_answer_behind(market: ValkeyServer, run: Run) -> None:
    claims = ValkeyIdempotencyStore(market)
    run(claims.claim("k", "f", now_s=0.0, ttl_s=10.0))
    run(claims.complete("k", -(2**40)))
    assert run(claims.claim("k", "f", now_s=5.0, ttl_s=10.0)).response == -(2**40)
    assert run(claims.claim("k", "g", now_s=10.0, ttl_s=10.0)).state is ClaimState.NEW
    assert run(claims.claim("k", "g", now_s=11.0, ttl_s=10.0)).state is ClaimState.IN_PROGRESS
