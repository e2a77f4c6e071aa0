"""What the apps do while the platform is out of order: try again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, TypeVar

from domain.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from sim.world import World

RETRY_S = 5.0
"""How long an app waits before it tries again."""


Action = TypeVar("Action", bound=Callable[..., None])


def persistent(action: Action) -> Action:
    """Return a method that is done again after `RETRY_S` while the platform is out of reach.

    The method's class has its world as `_world`. The action must bear to be begun anew. A driver whom the
    platform has forgotten waits, too: the next ping signs on again.
    """

    @wraps(action)
    def attempt(self: Any, *args: Any) -> None:
        try:
            action(self, *args)
        except (Unavailable, NotFound):
            world: World = self._world
            world.after(RETRY_S, partial(attempt, self, *args))

    return attempt  # type: ignore[return-value]  # the same signature, which `wraps` cannot say
