"""Cached values as bytes, and back as they were: typed msgpack, no pickle.

A value is stored with a description of its type, in a small language: `int`, `Menu`, `list[int|str]`,
`tuple[float,list[Restaurant]]`. Reading builds only what that language can say, plain values and the
structs of the catalog, so bytes that somebody else wrote cannot run anything.
"""

from __future__ import annotations

import re
from functools import cache
from types import GenericAlias, NoneType
from typing import Any, Union

import msgspec
import numpy as np

from domain.catalog import Menu, MenuItem, Rating, Restaurant

_PLAIN: dict[str, Any] = {"int": int, "float": float, "str": str, "bool": bool, "bytes": bytes}
_NAMED: dict[str, Any] = {
    **_PLAIN,
    "none": NoneType,
    **{one.__name__: one for one in (Menu, MenuItem, Rating, Restaurant)},
}
_NAME_OF = {kind: name for name, kind in _NAMED.items()}
_TOKEN = re.compile(r"[A-Za-z]+|[\[\],|]")
_SEPARATOR = b"\n"


def encode(value: Any) -> bytes:
    """Return a value as bytes.

    Raises:
        TypeError: it is, or holds, something else than plain values, lists, tuples, dicts with string keys
            and the catalog's structs.
    """
    return describe(value).encode() + _SEPARATOR + msgspec.msgpack.encode(value, enc_hook=plain)


def decode(data: bytes) -> Any:
    """Return the value of bytes.

    Raises:
        ValueError: they were not made by `encode` of a program that knows the same types.
    """
    description, _, packed = data.partition(_SEPARATOR)
    try:
        return _decoder(description.decode()).decode(packed)
    except (msgspec.MsgspecError, LookupError, TypeError, ValueError) as error:
        raise ValueError(f"these bytes are no cached value: {error}") from error


def plain(value: Any) -> Any:
    """Return a numpy scalar as a Python number: fields and data hold some.

    Raises:
        TypeError: anything else.
    """
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a {type(value).__name__} cannot be packed")


def describe(value: Any) -> str:
    """Return the description of a value's type. Raises as `encode`."""
    kind = type(value)
    if kind is list:
        return f"list[{_either(value)}]"
    if kind is tuple:
        return f"tuple[{','.join(map(describe, value))}]"
    if kind is dict:
        if any(type(key) is not str for key in value):
            raise TypeError("a cached dict needs string keys")
        return f"dict[{_either(value.values())}]"
    try:
        return _NAME_OF[kind]
    except KeyError:
        raise TypeError(f"a {kind.__name__} cannot be cached") from None


def _either(values: Any) -> str:
    """Describe what a container holds; most hold things of one type, which need no look at each."""
    kinds = set(map(type, values))
    if kinds <= _NAME_OF.keys():
        return "|".join(sorted(_NAME_OF[kind] for kind in kinds)) or "none"
    return "|".join(sorted(set(map(describe, values))))


@cache
def _decoder(description: str) -> msgspec.msgpack.Decoder[Any]:
    tokens = _TOKEN.findall(description)
    kind = _parse(tokens)
    if tokens:
        raise ValueError(f"{description!r} describes no type")
    return msgspec.msgpack.Decoder(kind)


def _parse(tokens: list[str]) -> Any:
    """Take one type, or several joined by `|`, from the front of `tokens`."""
    kinds = [_parse_one(tokens)]
    while tokens and tokens[0] == "|":
        tokens.pop(0)
        kinds.append(_parse_one(tokens))
    return Union[tuple(kinds)]  # noqa: UP007 -- the kinds are known at run time only


def _parse_one(tokens: list[str]) -> Any:
    name = tokens.pop(0)
    if name in _NAMED:
        return _NAMED[name]
    inner = _parse_inner(tokens)
    if name == "list":
        return GenericAlias(list, inner[0])
    if name == "dict":
        return GenericAlias(dict, (str, inner[0]))
    if name == "tuple":
        return GenericAlias(tuple, tuple(inner) or ((),))
    raise LookupError(f"unknown type {name!r}")


def _parse_inner(tokens: list[str]) -> list[Any]:
    """Take ``[a,b]`` from the front of `tokens`."""
    inner: list[Any] = []
    if tokens.pop(0) != "[":
        raise LookupError("a type without brackets")
    while tokens[0] != "]":
        if tokens[0] == ",":
            tokens.pop(0)
        inner.append(_parse(tokens))
    tokens.pop(0)
    return inner
