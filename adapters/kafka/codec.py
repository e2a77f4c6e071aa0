"""Events as the values of Kafka messages: JSON objects with the fields of `domain.events.Event`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import numpy as np

from adapters.kafka.messages import Headers
from domain.events import Event, EventKind, Topic

ARRAYS: dict[EventKind, dict[str, type[np.generic]]] = {
    EventKind.DRIVERS_MOVED: {"driver_ids": np.int64, "lat": np.float64, "lon": np.float64},
}
"""The data that are numpy arrays: lists in JSON, arrays again when decoded."""


class Undecodable(ValueError):
    """A message that is no event of ours; trying again does not help."""


def _plain(value: object) -> object:
    """Turn numpy's scalars into Python's, and any mapping into a dict."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return dict(value)
    raise ValueError(f"an event's data cannot hold {type(value).__name__}: {value!r}")


_ENCODER = msgspec.json.Encoder(enc_hook=_plain)
_DECODER = msgspec.json.Decoder(Event)


def encode(event: Event) -> bytes:
    """Return an event as a message's value; floats come back as they were, bit by bit.

    Raises:
        ValueError: the data hold something that JSON cannot carry, such as NaN.
    """
    if event.kind in ARRAYS:
        lists = {
            name: np.asarray(event.data[name]).tolist() for name in ARRAYS[event.kind] if name in event.data
        }
        event = msgspec.structs.replace(event, data={**event.data, **lists})
    value = _ENCODER.encode(event)
    # NaN and infinities are written as null: more nulls than Nones are a reason to look closer.
    nulls = value.count(b"null")
    if nulls and nulls != list(event.data.values()).count(None) and not _is_finite((event.at_s, event.data)):
        raise ValueError(f"event {event.id} ({event.kind}) holds a number that is not finite")
    return value


def headers(event: Event) -> Headers:
    """Return an event's message headers, for those who look no further."""
    return [("event-id", b"%d" % event.id), ("kind", event.kind.encode())]


def decode(topic: Topic, value: bytes | None) -> Event:
    """Return the event of a message's value on a topic.

    Raises:
        Undecodable: it is none.
    """
    try:
        event = _DECODER.decode(value or b"")
        if event.kind in ARRAYS:
            event = msgspec.structs.replace(event, data=_with_arrays(event))
    except (msgspec.MsgspecError, ValueError, TypeError, OverflowError) as error:
        raise Undecodable(f"no event of {topic}: {error}") from error
    if event.topic is not topic:
        raise Undecodable(f"an event of {event.topic}, not of {topic}")
    return event


def _with_arrays(event: Event) -> dict[str, Any]:
    types = ARRAYS[event.kind]
    return {
        name: np.array(value, types[name]) if name in types else value for name, value in event.data.items()
    }


def _is_finite(values: Iterable[object]) -> bool:
    for value in values:
        if isinstance(value, float):
            if not math.isfinite(value):
                return False
        elif isinstance(value, (list, tuple, Mapping)) and not _is_finite(
            value.values() if isinstance(value, Mapping) else value
        ):
            return False
    return True
