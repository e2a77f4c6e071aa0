"""The names that a prefix gives to topics and groups."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from domain.errors import UserError
from domain.events import Topic

DEAD_LETTERS = "dead_letters"


@dataclass(frozen=True)
class Names:
    """Everything of one prefix: markets and runs with different prefixes do not meet.

    Raises:
        UserError: Kafka has no such names.
    """

    prefix: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,200}", self.prefix):
            raise UserError(
                f"Kafka prefix {self.prefix!r}: must be 1 to 200 of a-z, A-Z, 0-9, '.', '_' and '-'"
            )

    def topic(self, topic: Topic) -> str:
        """Return the name of a topic on the broker."""
        return f"{self.prefix}.{topic}"

    @cached_property
    def topics(self) -> dict[str, Topic]:
        """Return every topic by its name on the broker."""
        return {self.topic(topic): topic for topic in Topic}

    @property
    def dead_letters(self) -> str:
        """The topic of events that could not be handled."""
        return f"{self.prefix}.{DEAD_LETTERS}"

    def group(self, group: str) -> str:
        """Return the name of a group on the broker."""
        return f"{self.prefix}.{group}"
