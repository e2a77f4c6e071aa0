"""Live updates for those who watch one order or one driver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Subject(StrEnum):
    """What is watched."""

    ORDER = "order"
    DRIVER = "driver"


@dataclass(frozen=True, kw_only=True, slots=True)
class Update:
    """One update about a subject. Plain data, small; lost if nobody watches."""

    subject: Subject
    id: int
    at_s: float
    data: Mapping[str, Any]
