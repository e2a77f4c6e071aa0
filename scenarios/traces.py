"""Recorded days by the name of their format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from domain.errors import UnknownNameError
from domain.spec import TraceSpec
from domain.trace import Trace
from scenarios.data import resolve


def _rappi(folder: Path) -> Trace:
    from scenarios.rappi import read_rappi  # loads pandas

    return read_rappi(folder)


READERS: dict[str, Callable[[Path], Trace]] = {"rappi": _rappi}
"""Reader of each format: a folder in, a trace out."""


def read_trace(spec: TraceSpec) -> Trace:
    """Read the trace that a scenario names.

    Raises:
        DataError: the folder is missing or holds something else.
        UnknownNameError: no reader of that name.
    """
    if spec.reader not in READERS:
        raise UnknownNameError("trace reader", spec.reader, READERS)
    return READERS[spec.reader](resolve(spec.path))
