"""What the statements of orders and offers have in common.

Every change is one statement: it locks, checks, changes, and writes audit log and outbox, or does none of it.
So that no two of them wait for each other in a circle, all lock in one order: first the orders concerned, by
id, then offers. An offer is only ever closed by who holds its orders, so the offers' own locks are free by
then. A statement sees the moment it began: what it finds changed once it has its locks it leaves alone, and
its caller looks anew. Ids of audit rows and events are taken after the locks, so per order and per driver
they count in the order of what happened.
"""

from __future__ import annotations

from domain.events import EventKind, Topic
from domain.offers import OfferState
from domain.order_state import DISPATCHABLE_STATES, FINAL_STATES, Assignment, OrderState
from domain.payments import PaymentState

_NAMES: dict[str, str] = {
    **{state.name: str(int(state)) for enum in (OrderState, Assignment) for state in enum},
    **{state.name: str(int(state)) for enum in (OfferState, PaymentState) for state in enum},
    **{f"TOPIC_{topic.name}": f"'{topic.value}'" for topic in Topic},
    **{f"TELL_{kind.name}": f"'{kind.value}'" for kind in EventKind},
    "DISPATCHABLE": ", ".join(str(int(state)) for state in sorted(DISPATCHABLE_STATES)),
    "FINAL": ", ".join(str(int(state)) for state in sorted(FINAL_STATES)),
}
AUDIT_COLUMNS = (
    "event_type, entity_id, actor, actor_id, at_s, "
    "before_state, before_assignment, after_state, after_assignment, details"
)
EVENT_COLUMNS = "topic, kind, key, at_s, data"


def statement(text: str, **parts: str) -> str:
    """Return SQL with the domain's names, in braces, as the values in the tables, and `parts` put in."""
    return text.format_map({**_NAMES, "AUDIT": AUDIT_COLUMNS, "EVENT": EVENT_COLUMNS, **parts})
