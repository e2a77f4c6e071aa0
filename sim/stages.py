"""Where a run's wall time goes."""

from __future__ import annotations

from collections import defaultdict
from time import perf_counter
from types import TracebackType


class Stages:
    """Wall seconds by stage; `with stages("movement"):` adds to one. Stages do not nest."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._stage = ""
        self._since = 0.0

    def __call__(self, stage: str) -> Stages:
        """Name the stage that the following `with` block belongs to."""
        self._stage = stage
        return self

    def __enter__(self) -> None:
        self._since = perf_counter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seconds[self._stage] += perf_counter() - self._since
