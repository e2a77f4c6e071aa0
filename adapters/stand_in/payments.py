"""A payment provider that charges nobody, and fails as it is told to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from hashlib import blake2b

from domain.errors import PaymentDeclined, Unavailable, UserError


@dataclass(frozen=True, kw_only=True)
class Faults:
    """How often the provider misbehaves.

    `decline_share` of the customers cannot pay; `failure_share` of the requests get no answer; every answer
    takes `delay_s` (only in an event loop; a simulated world does not wait for it).
    """

    decline_share: float = 0.0
    failure_share: float = 0.0
    delay_s: float = 0.0

    def __post_init__(self) -> None:
        if not (0.0 <= self.decline_share <= 1.0 and 0.0 <= self.failure_share <= 1.0):
            raise UserError("payment faults: shares are within [0, 1]")
        if not self.delay_s >= 0.0:
            raise UserError("payment faults: delay_s is not negative")


class StandInProvider:
    """Implements domain.ports.PaymentProvider.

    Whether a request fails is drawn from a hash of `seed`, the request and how often it was made: the same
    in every run, and a repetition may succeed. A reference is the hash of its key, so a key asked twice
    reserves once even after a restart. `is_down` makes every request fail; `charged_cents` adds up what was
    captured, by reference.
    """

    def __init__(self, faults: Faults | None = None, *, seed: int = 0) -> None:
        self.faults = faults if faults is not None else Faults()
        self.is_down = False
        self.charged_cents: dict[str, int] = {}
        self._seed = seed
        self._reserved: dict[str, int] = {}
        self._asked: dict[str, int] = {}

    async def authorise(self, key: str, customer_id: int, amount_cents: int) -> str:
        """Reserve an amount; the same key gives the same reference."""
        await self._answer(f"authorise {key}")
        decline_share = self.faults.decline_share
        if decline_share > 0.0 and self._draw(f"declined {customer_id}") < decline_share:
            raise PaymentDeclined(f"the payment of customer {customer_id} is declined")
        reference = blake2b(key.encode(), digest_size=8).hexdigest()
        self._reserved[reference] = amount_cents
        return reference

    async def capture(self, reference: str) -> None:
        """Charge what is reserved, once."""
        await self._answer(f"capture {reference}")
        amount_cents = self._reserved.pop(reference, None)
        if amount_cents is not None:
            self.charged_cents[reference] = amount_cents

    async def void(self, reference: str) -> None:
        """Give back what is reserved."""
        await self._answer(f"void {reference}")
        self._reserved.pop(reference, None)

    async def _answer(self, request: str) -> None:
        faults = self.faults
        if faults.delay_s > 0.0 and _has_loop():
            await asyncio.sleep(faults.delay_s)
        if self.is_down:
            raise Unavailable("the payment provider does not answer")
        if faults.failure_share > 0.0:
            times = self._asked[request] = self._asked.get(request, 0) + 1
            if self._draw(f"{request} {times}") < faults.failure_share:
                raise Unavailable("the payment provider does not answer")

    def _draw(self, what: str) -> float:
        """Return a number in [0, 1) that depends on the seed and `what` alone."""
        digest = blake2b(f"{self._seed} {what}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") / 2.0**64


def _has_loop() -> bool:
    try:
        return asyncio.get_running_loop() is not None
    except RuntimeError:
        return False
