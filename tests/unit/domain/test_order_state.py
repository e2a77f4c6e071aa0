"""The state tables as such."""

from __future__ import annotations

import pytest

from domain.errors import InvalidTransition, UnknownNameError
from domain.order_state import (
    ASSIGNMENT_TRANSITIONS,
    DISPATCHABLE_STATES,
    FINAL_STATES,
    TRANSITIONS,
    Action,
    Actor,
    Assignment,
    AssignmentAction,
    OrderState,
    next_assignment,
    next_state,
)
from domain.orders import STATE_TIME_FIELD, Order
from domain.units import clock_text


def test_final_states_are_those_without_a_way_out() -> None:
    assert set(OrderState) - {state for state, _, _ in TRANSITIONS} == FINAL_STATES


def test_nobody_cancels_once_the_driver_has_the_food() -> None:
    cancellable = {state for state, action, _ in TRANSITIONS if action is Action.CANCEL}
    assert cancellable == {OrderState.PLACED} | DISPATCHABLE_STATES


def test_an_action_leads_to_one_state_whoever_acts() -> None:
    for action in Action:
        assert len({after for (_, done, _), after in TRANSITIONS.items() if done is action}) == 1


def test_every_state_can_be_reached_and_has_a_time() -> None:
    assert set(TRANSITIONS.values()) | {OrderState.PLACED} == set(OrderState)
    assert set(STATE_TIME_FIELD) == set(OrderState)
    assert set(STATE_TIME_FIELD.values()) <= set(Order.__slots__)


def test_what_is_not_in_the_tables_is_refused_by_name() -> None:
    with pytest.raises(InvalidTransition, match=r"driver may not confirm .* PLACED"):
        next_state(OrderState.PLACED, Action.CONFIRM, Actor.DRIVER)
    with pytest.raises(InvalidTransition, match=r"accept .* UNASSIGNED"):
        next_assignment(Assignment.UNASSIGNED, AssignmentAction.ACCEPT)
    for (before, action), after in ASSIGNMENT_TRANSITIONS.items():
        assert next_assignment(before, action) is after


def test_unknown_names_come_with_a_suggestion() -> None:
    assert "did you mean 'nearest'?" in str(UnknownNameError("strategy", "neares", ["batch", "nearest"]))
    assert "valid: batch" in str(UnknownNameError("strategy", "zzz", ["batch"]))


def test_clock_text_counts_on_after_midnight() -> None:
    assert [clock_text(seconds) for seconds in (0.0, 68_460.0, 90_000.0)] == ["00:00", "19:01", "25:00"]
