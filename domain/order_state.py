"""The order state machine: one explicit table, (state, action, actor) -> state.

The food's state and the driver's assignment are two machines side by side, since a driver is matched while
the food cooks. CANCELLED and COMPLETED are final.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

from domain.errors import InvalidTransition


class OrderState(IntEnum):
    """Where the food is; the integer is the column value in every array."""

    PLACED = 0
    CONFIRMED = 1
    PREPARING = 2
    READY_FOR_PICKUP = 3
    PICKED_UP = 4
    DELIVERED = 5
    COMPLETED = 6
    CANCELLED = 7


class Assignment(IntEnum):
    """Whether a driver is bound to the order."""

    UNASSIGNED = 0
    OFFERED = 1
    ASSIGNED = 2


class Action(StrEnum):
    """What can be done to an order."""

    CONFIRM = "confirm"
    START_PREP = "start_prep"
    READY = "ready"
    PICK_UP = "pick_up"
    DELIVER = "deliver"
    COMPLETE = "complete"
    CANCEL = "cancel"


class AssignmentAction(StrEnum):
    """What can be done to an order's assignment."""

    OFFER = "offer"
    ACCEPT = "accept"
    DECLINE = "decline"
    EXPIRE = "expire"
    WITHDRAW = "withdraw"
    RELEASE = "release"


class Actor(StrEnum):
    """Who acts."""

    CUSTOMER = "customer"
    RESTAURANT = "restaurant"
    DRIVER = "driver"
    ADMIN = "admin"
    SYSTEM = "system"


_S, _A, _W = OrderState, Action, Actor
TRANSITIONS: dict[tuple[OrderState, Action, Actor], OrderState] = {
    (_S.PLACED, _A.CONFIRM, _W.RESTAURANT): _S.CONFIRMED,
    (_S.CONFIRMED, _A.START_PREP, _W.RESTAURANT): _S.PREPARING,
    (_S.PREPARING, _A.READY, _W.RESTAURANT): _S.READY_FOR_PICKUP,
    (_S.READY_FOR_PICKUP, _A.PICK_UP, _W.DRIVER): _S.PICKED_UP,
    (_S.PICKED_UP, _A.DELIVER, _W.DRIVER): _S.DELIVERED,
    (_S.DELIVERED, _A.COMPLETE, _W.SYSTEM): _S.COMPLETED,
    (_S.DELIVERED, _A.COMPLETE, _W.CUSTOMER): _S.COMPLETED,
    # Who may cancel until when. Nobody may once the driver has the food.
    (_S.PLACED, _A.CANCEL, _W.CUSTOMER): _S.CANCELLED,
    (_S.PLACED, _A.CANCEL, _W.RESTAURANT): _S.CANCELLED,
    (_S.PLACED, _A.CANCEL, _W.ADMIN): _S.CANCELLED,
    (_S.PLACED, _A.CANCEL, _W.SYSTEM): _S.CANCELLED,
    (_S.CONFIRMED, _A.CANCEL, _W.CUSTOMER): _S.CANCELLED,
    (_S.CONFIRMED, _A.CANCEL, _W.RESTAURANT): _S.CANCELLED,
    (_S.CONFIRMED, _A.CANCEL, _W.ADMIN): _S.CANCELLED,
    (_S.CONFIRMED, _A.CANCEL, _W.SYSTEM): _S.CANCELLED,
    (_S.PREPARING, _A.CANCEL, _W.CUSTOMER): _S.CANCELLED,
    (_S.PREPARING, _A.CANCEL, _W.ADMIN): _S.CANCELLED,
    (_S.PREPARING, _A.CANCEL, _W.SYSTEM): _S.CANCELLED,
    (_S.READY_FOR_PICKUP, _A.CANCEL, _W.CUSTOMER): _S.CANCELLED,
    (_S.READY_FOR_PICKUP, _A.CANCEL, _W.ADMIN): _S.CANCELLED,
    (_S.READY_FOR_PICKUP, _A.CANCEL, _W.SYSTEM): _S.CANCELLED,
}

CUSTOMER_CANCELS_ONLY_WHEN_LATE = frozenset({_S.PREPARING, _S.READY_FOR_PICKUP})
"""Food is being made: the customer may cancel only once the promised delivery time has passed."""

FINAL_STATES = frozenset({_S.COMPLETED, _S.CANCELLED})
DISPATCHABLE_STATES = frozenset({_S.CONFIRMED, _S.PREPARING, _S.READY_FOR_PICKUP})
"""States in which a driver may be offered the order."""

_N, _O = Assignment, AssignmentAction
ASSIGNMENT_TRANSITIONS: dict[tuple[Assignment, AssignmentAction], Assignment] = {
    (_N.UNASSIGNED, _O.OFFER): _N.OFFERED,
    (_N.OFFERED, _O.ACCEPT): _N.ASSIGNED,
    (_N.OFFERED, _O.DECLINE): _N.UNASSIGNED,
    (_N.OFFERED, _O.EXPIRE): _N.UNASSIGNED,
    (_N.OFFERED, _O.WITHDRAW): _N.UNASSIGNED,
    (_N.ASSIGNED, _O.RELEASE): _N.UNASSIGNED,
}


def next_state(state: OrderState, action: Action, actor: Actor) -> OrderState:
    """Return the state that `action` by `actor` leads to.

    Raises:
        InvalidTransition: the table has no such row.
    """
    try:
        return TRANSITIONS[state, action, actor]
    except KeyError:
        raise InvalidTransition(f"{actor} may not {action} an order that is {state.name}") from None


def next_assignment(assignment: Assignment, action: AssignmentAction) -> Assignment:
    """Return the assignment that `action` leads to.

    Raises:
        InvalidTransition: the table has no such row.
    """
    try:
        return ASSIGNMENT_TRANSITIONS[assignment, action]
    except KeyError:
        raise InvalidTransition(f"cannot {action} an order that is {assignment.name}") from None
