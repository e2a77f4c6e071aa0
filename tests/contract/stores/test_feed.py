"""LiveFeed: updates reach those who watch, and nobody else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from domain.feed import Subject, Update

pytestmark = pytest.mark.port("feed")


def update(subject: Subject, number: int, step: int) -> Update:
    return Update(subject=subject, id=number, at_s=float(step), data={"step": step, "lat": 49.1 + step})


def test_watchers_get_the_updates_of_their_subject_in_order(backend: Any) -> None:
    feed = backend.stores.feed

    async def story() -> tuple[list[Update], list[Update]]:
        order, driver = feed.watch(Subject.ORDER, 5), feed.watch(Subject.DRIVER, 5)
        first = asyncio.ensure_future(anext(order))
        second = asyncio.ensure_future(anext(driver))
        await asyncio.sleep(0.05)  # watching begins with the first wait
        await feed.publish([update(Subject.ORDER, 6, 0), update(Subject.ORDER, 5, 1)])
        await feed.publish([update(Subject.ORDER, 5, 2), update(Subject.DRIVER, 5, 3)])
        seen = [await asyncio.wait_for(first, 5), await asyncio.wait_for(anext(order), 5)]
        other = [await asyncio.wait_for(second, 5)]
        await order.aclose()
        await driver.aclose()
        await feed.publish([update(Subject.ORDER, 5, 4)])
        return seen, other

    assert backend.run(story()) == (
        [update(Subject.ORDER, 5, 1), update(Subject.ORDER, 5, 2)],
        [update(Subject.DRIVER, 5, 3)],
    )
