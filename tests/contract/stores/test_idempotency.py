"""Idempotency keys: claimed, answered, released, lapsed."""

from __future__ import annotations

from typing import Any

import pytest

from domain.errors import IdempotencyMismatch, NotFound
from domain.ports import ClaimState

pytestmark = pytest.mark.port("idempotency")


def test_an_idempotency_key_is_claimed_answered_and_repeated(backend: Any) -> None:
    run, keys = backend.run, backend.stores.idempotency

    def claim(fingerprint: str = "body", now_s: float = 0.0) -> Any:
        return run(keys.claim("k", fingerprint, now_s=now_s, ttl_s=100.0))

    assert claim().state is ClaimState.NEW
    assert claim().state is ClaimState.IN_PROGRESS
    with pytest.raises(IdempotencyMismatch):
        claim("other body")
    run(keys.complete("k", 42))
    assert (claim(now_s=99.0).state, claim().response) == (ClaimState.DONE, 42)
    with pytest.raises(IdempotencyMismatch):
        claim("other body")
    assert claim(now_s=100.0).state is ClaimState.NEW


def test_a_released_key_can_be_claimed_with_another_body(backend: Any) -> None:
    run, keys = backend.run, backend.stores.idempotency
    run(keys.claim("k", "bad", now_s=0.0, ttl_s=100.0))
    run(keys.release("k"))
    run(keys.release("k"))
    assert run(keys.claim("k", "good", now_s=1.0, ttl_s=100.0)).state is ClaimState.NEW
    with pytest.raises(NotFound):
        run(keys.complete("never claimed", 1))


def test_of_racing_claims_of_a_key_one_is_new(backend: Any) -> None:
    keys = backend.stores.idempotency
    claims = backend.together([keys.claim("k", "body", now_s=0.0, ttl_s=9.0) for _ in range(8)])
    assert sorted(claim.state for claim in claims) == [ClaimState.NEW] + [ClaimState.IN_PROGRESS] * 7


def test_an_abandoned_claim_lapses(backend: Any) -> None:
    run, keys = backend.run, backend.stores.idempotency

    def claim(now_s: float, fingerprint: str = "body") -> ClaimState:
        return run(keys.claim("k", fingerprint, now_s=now_s, ttl_s=100.0, lease_s=10.0)).state

    assert [claim(0.0), claim(9.9), claim(10.0), claim(19.9)] == [
        ClaimState.NEW,
        ClaimState.IN_PROGRESS,
        ClaimState.NEW,
        ClaimState.IN_PROGRESS,
    ]
    with pytest.raises(IdempotencyMismatch):
        claim(25.0, "other body")
    run(keys.complete("k", 7))
    assert claim(50.0) is ClaimState.DONE
