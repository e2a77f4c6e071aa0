"""What every order store checks and tells, whatever it keeps orders in."""

from __future__ import annotations

from domain.errors import Conflict, InvalidRequest
from domain.events import EventKind
from domain.offers import NewOffer, Offer, OfferState
from domain.order_state import (
    CUSTOMER_CANCELS_ONLY_WHEN_LATE,
    Action,
    Actor,
    Assignment,
    AssignmentAction,
    OrderState,
    next_state,
)
from domain.orders import Order, Transition

EVENT_OF = {
    OrderState.PLACED: EventKind.ORDER_PLACED,
    OrderState.CONFIRMED: EventKind.ORDER_CONFIRMED,
    OrderState.PREPARING: EventKind.ORDER_PREPARING,
    OrderState.READY_FOR_PICKUP: EventKind.ORDER_READY,
    OrderState.PICKED_UP: EventKind.ORDER_PICKED_UP,
    OrderState.DELIVERED: EventKind.ORDER_DELIVERED,
    OrderState.COMPLETED: EventKind.ORDER_COMPLETED,
    OrderState.CANCELLED: EventKind.ORDER_CANCELLED,
}
"""The event that tells of an order entering each state."""

UPDATABLE = frozenset({"prep_quote_s", "eta_pickup_s", "cancel_reason"})
"""The fields that a transition may set."""

CLOSING: dict[OfferState, tuple[AssignmentAction, EventKind, str]] = {
    OfferState.DECLINED: (AssignmentAction.DECLINE, EventKind.OFFER_DECLINED, "OFFER_DECLINED"),
    OfferState.EXPIRED: (AssignmentAction.EXPIRE, EventKind.OFFER_EXPIRED, "OFFER_EXPIRED"),
    OfferState.WITHDRAWN: (AssignmentAction.WITHDRAW, EventKind.OFFER_WITHDRAWN, "OFFER_WITHDRAWN"),
}
"""How an offer ends without acceptance: what it does to its orders, the event, the audit type."""

# Enum members by their own names: on Python 3.11 looking one up on its class is a Python call.
_CANCEL, _ASSIGNED, _PENDING = Action.CANCEL, Assignment.ASSIGNED, OfferState.PENDING
_CUSTOMER, _DRIVER, _RESTAURANT = Actor.CUSTOMER, Actor.DRIVER, Actor.RESTAURANT


def check_transition(order: Order, change: Transition) -> OrderState:
    """Return the state that a change leads to.

    Raises:
        InvalidRequest, InvalidTransition, Conflict: the refusal, see `domain.ports.OrderStore.transition`.
    """
    if change.updates and (unknown := change.updates.keys() - UPDATABLE):
        raise InvalidRequest(f"a transition cannot set {', '.join(sorted(unknown))}")
    if change.expected_version is not None and change.expected_version != order.version:
        raise Conflict(f"order {order.id} is at version {order.version}, not {change.expected_version}")
    state = next_state(order.state, change.action, change.actor)
    _check_actor(order, change)
    if (
        change.action is _CANCEL
        and change.actor is _CUSTOMER
        and order.state in CUSTOMER_CANCELS_ONLY_WHEN_LATE
        and change.at_s <= order.promised_at_s
    ):
        raise Conflict(f"order {order.id} is being made and is not late: the customer may not cancel")
    return state


def check_terms(new: NewOffer) -> None:
    """Refuse offers without orders, with one twice, or without one ETA per order (InvalidRequest)."""
    if not new.order_ids or len(set(new.order_ids)) != len(new.order_ids):
        raise InvalidRequest(f"an offer needs distinct orders, not {new.order_ids}")
    if len(new.eta_s) != len(new.order_ids):
        raise InvalidRequest(f"an offer of {len(new.order_ids)} orders has {len(new.eta_s)} ETAs")


def check_answer(offer: Offer, driver_id: int, at_s: float) -> None:
    """Refuse an answer by another driver, to a closed offer, or one that comes too late (Conflict)."""
    if offer.terms.driver_id != driver_id:
        raise Conflict(f"offer {offer.id} is not driver {driver_id}'s")
    if offer.state is not _PENDING:
        raise Conflict(f"offer {offer.id} is {offer.state.name}")
    if at_s >= offer.terms.expires_at_s:
        raise Conflict(f"offer {offer.id} expired at {offer.terms.expires_at_s:g} s")


def _check_actor(order: Order, change: Transition) -> None:
    """Refuse actors that the order does not belong to."""
    if change.actor is _DRIVER:
        is_owner = order.assignment is _ASSIGNED and order.driver_id == change.actor_id
    elif change.actor is _CUSTOMER:
        is_owner = order.customer_id == change.actor_id
    elif change.actor is _RESTAURANT:
        is_owner = order.restaurant_id == change.actor_id
    else:
        is_owner = True
    if not is_owner:
        raise Conflict(f"order {order.id} is not {change.actor} {change.actor_id}'s")
