"""Where a chaos run takes place, and the services' settings in it: as the defaults, only faster."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from services.settings import (
    BreakerSettings,
    MarketplaceSettings,
    MatchSettings,
    OrderSettings,
    ResilienceSettings,
)


@dataclass(frozen=True)
class Place:
    """The servers, the namespace and the work to do; passed to processes as JSON."""

    postgres: str
    valkey: str
    kafka: str
    namespace: str
    orders: int
    acks: str

    @property
    def stores(self) -> str:
        """The URLs as `--stores` takes them."""
        return f"{self.postgres},{self.valkey},kafka://{self.kafka}"

    def save(self, path: Path) -> None:
        """Write to a file."""
        path.write_text(json.dumps(asdict(self)))

    @staticmethod
    def load(path: Path) -> Place:
        """Read from a file."""
        return Place(**json.loads(path.read_text()))


_QUICK = BreakerSettings(timeout_s=2.0, reset_s=0.5, window_s=2.0)
SETTINGS = MarketplaceSettings(
    orders=OrderSettings(auto_complete_s=0.5, idempotency_lease_s=2.0),
    match=MatchSettings(offer_ttl_s=2.0, retry_s=0.3, give_up_s=120.0),
    resilience=ResilienceSettings(matching=_QUICK, payment=_QUICK, cache=_QUICK, redeliver_s=0.3),
)
