"""Our functions on the server: Lua libraries whose names carry their version.

A library's version is a digest of its source, so programs of different versions share one server: each calls
the functions that it was written for. Libraries of versions gone by are small and do no harm; an operator
removes them with FUNCTION DELETE.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

LIBRARIES = {"drivers": ("layout", "changes", "search"), "keys": ("keys",)}
"""The files in `lua/` that make up each library."""

_PLACEHOLDER = "VERSION"


@dataclass(frozen=True, slots=True)
class Library:
    """A library as it is sent to the server; `suffix` ends its name and those of its functions."""

    source: str
    suffix: str


@cache
def library(name: str) -> Library:
    """Return one of LIBRARIES."""
    folder = files(__package__) / "lua"
    text = "\n".join((folder / f"{part}.lua").read_text(encoding="utf-8") for part in LIBRARIES[name])
    version = sha256(text.encode()).hexdigest()[:12]
    header = f"#!lua name=dispatchlab_{name}_{version}\n"
    return Library(source=header + text.replace(_PLACEHOLDER, version), suffix=f"_{version}")


@cache
def function_name(name: str, library_name: str) -> str:
    """Return the name under which a function of a library is called."""
    return f"dispatchlab_{name}{library(library_name).suffix}"
