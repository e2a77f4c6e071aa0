"""Updates on their way through a channel. Their first byte tells how they are packed."""

from __future__ import annotations

from struct import Struct

import msgspec

from adapters.valkey.encoding import plain
from domain.feed import Subject, Update

_GENERAL, _POSITION = b"u", b"p"
_SEEN = Struct("<ddd")  # latitude, longitude and time, as `move` in lua/changes.lua sends them


def channel(subject: Subject, number: int) -> str:
    """Return the channel of one order or driver, without the prefix."""
    return f"{subject.value}:{number}"


def pack(update: Update) -> bytes:
    """Return an update, packed; its channel says the subject and the number.

    Raises:
        TypeError: its data are not plain values.
    """
    return _GENERAL + msgspec.msgpack.encode((float(update.at_s), dict(update.data)), enc_hook=plain)


def unpack(subject: Subject, number: int, payload: bytes) -> Update:
    """Return the update of a payload.

    Raises:
        ValueError: it is none of ours.
    """
    form, body = payload[:1], payload[1:]
    if form == _GENERAL:
        try:
            at_s, data = msgspec.msgpack.decode(body, type=tuple[float, dict[str, object]])
        except msgspec.MsgspecError as error:
            raise ValueError(str(error)) from error
        return Update(subject=subject, id=number, at_s=at_s, data=data)
    if form == _POSITION and len(body) == _SEEN.size:
        lat, lon, at_s = _SEEN.unpack(body)
        return Update(subject=subject, id=number, at_s=at_s, data={"lat": lat, "lon": lon})
    raise ValueError("not an update")
