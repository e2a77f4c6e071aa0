"""What runs beside the services, each in a process of its own, for as long as it is wanted."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic

from domain.errors import Unavailable
from domain.units import HOUR_S
from services.relay import Relay

IDLE_S = 0.02
"""How long the relay rests when the outbox was empty."""
RETRY_S = 0.5
"""How long it waits for a store or bus that is out of reach."""


async def run_relay(
    relay: Relay, stop: asyncio.Event, *, hourly: Callable[[], Awaitable[None]] | None = None
) -> None:
    """Publish what the outbox holds, until told to stop; do what is to be done `hourly`, at once and then.

    One at a time is enough. Two at once publish some events twice, which every consumer has to bear anyway.
    """
    tidied_s = -math.inf
    while not stop.is_set():
        pause_s = IDLE_S
        try:
            if hourly is not None and monotonic() - tidied_s > HOUR_S:
                await hourly()
                tidied_s = monotonic()
            if await relay.run():
                continue
        except Unavailable:
            pause_s = RETRY_S
        with suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await stop.wait()
