"""Events to bytes and back."""

from __future__ import annotations

import json
import math
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.kafka.codec import Undecodable, decode, encode
from domain.events import Event, EventKind, Topic

finite = st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | finite | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def an_event(data: Any, kind: EventKind = EventKind.OFFER_MADE, topic: Topic = Topic.DISPATCH) -> Event:
    return Event(id=9, topic=topic, kind=kind, key=2**40, at_s=1e-9, data=data)


def moved(**columns: Any) -> Event:
    return an_event(columns, EventKind.DRIVERS_MOVED, Topic.LOCATIONS)


@given(data=st.dictionaries(st.text(), values, max_size=5), at_s=finite)
def test_events_come_back_as_they_were(data: dict[str, Any], at_s: float) -> None:
    sent = Event(id=1, topic=Topic.ORDERS, kind=EventKind.ORDER_READY, key=-3, at_s=at_s, data=data)
    back = decode(Topic.ORDERS, encode(sent))
    assert repr(back) == repr(sent)  # tells 0.0 from -0.0, and 1 from 1.0


@given(st.lists(finite, max_size=5))
def test_positions_come_back_bit_by_bit(lat: list[float]) -> None:
    ids = np.arange(len(lat)) + 2**60
    back = decode(
        Topic.LOCATIONS, encode(moved(driver_ids=ids, lat=np.array(lat), lon=np.array(lat)[::-1]))
    ).data
    assert {name: column.dtype for name, column in back.items()} == {
        "driver_ids": np.int64,
        "lat": np.float64,
        "lon": np.float64,
    }
    assert back["driver_ids"].tolist() == ids.tolist()
    assert back["lat"].tobytes() == np.array(lat, float).tobytes()
    assert back["lon"].tobytes() == np.array(lat, float)[::-1].tobytes()


def test_a_value_is_plain_json() -> None:
    assert json.loads(encode(an_event({"driver_id": 7}))) == {
        "id": 9,
        "topic": "dispatch_events",
        "kind": "offer_made",
        "key": 2**40,
        "at_s": 1e-9,
        "data": {"driver_id": 7},
    }


def test_numpy_scalars_and_read_only_mappings_are_carried() -> None:
    data = MappingProxyType({"a": np.int64(3), "b": np.float64(0.1), "c": MappingProxyType({"d": None})})
    assert decode(Topic.DISPATCH, encode(an_event(data))).data == {"a": 3, "b": 0.1, "c": {"d": None}}


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", ["data", "nested", "beside None", "array", "at_s"])
def test_numbers_that_are_not_finite_are_refused(bad: float, place: str) -> None:
    event = {
        "data": an_event({"x": bad}),
        "nested": an_event({"x": [{"y": bad}]}),
        "beside None": an_event({"null": None, "x": bad}),
        "array": moved(driver_ids=np.array([1]), lat=np.array([bad]), lon=np.array([1.0])),
        "at_s": Event(
            id=9, topic=Topic.ORDERS, kind=EventKind.ORDER_READY, key=1, at_s=bad, data={"x": None}
        ),
    }[place]
    with pytest.raises(ValueError, match="holds a number that is not finite"):
        encode(event)


@pytest.mark.parametrize("value", [np.array([1]), object()])
def test_what_would_not_come_back_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="cannot hold"):
        encode(an_event({"x": value}))


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"\xff",
        b"{}",
        b"[1]",
        b'{"id": 1}',
        encode(an_event({})).replace(b"offer_made", b"offer_eaten"),
        encode(an_event({})),
        encode(moved(lat=np.array([1.0]))).replace(b"[1.0]", b'["x"]'),
        encode(moved(driver_ids=np.array([1]))).replace(b"[1]", b"[1e99]"),
    ],
)
def test_what_is_no_event_of_the_topic_is_undecodable(value: bytes | None) -> None:
    with pytest.raises(Undecodable, match="event"):
        decode(Topic.LOCATIONS, value)
