"""The baseline's file: JSON that people read, edit and review."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from domain.errors import DataError, did_you_mean
from reports.gate.baseline import FORMAT, Baseline, Reference
from reports.gate.source import Machine, can_be_gated
from reports.gate.tolerance import SpeedTolerance, Tolerance
from reports.metrics import METRICS

_BASELINE = TypeAdapter(Baseline)
_LINE = 110
_OWNERS: dict[str, Any] = {
    "tolerances": Tolerance,
    "speed": SpeedTolerance,
    "machine": Machine,
    "runs": Reference,
}


def read_baseline(path: Path) -> Baseline:
    """Read a baseline.

    Raises:
        DataError: the file is missing, or something in it cannot be used; the message names the key.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        hint = "; `dispatchlab gate update` writes one" if isinstance(error, FileNotFoundError) else ""
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise DataError(f"{path}: cannot read this baseline: {reason}{hint}") from None
    try:
        baseline = _BASELINE.validate_json(text, strict=True)
    except ValidationError as error:
        raise DataError(f"{path}: {_fault(error)}") from None
    if baseline.format != FORMAT:
        raise DataError(f"{path}: format = {baseline.format}: this version reads format {FORMAT}")
    _check_tolerances(path, baseline)
    return baseline


def write_baseline(path: Path, baseline: Baseline) -> None:
    """Write a baseline, whole or not at all; makes the folder.

    Raises:
        DataError: it cannot be written there.
    """
    write_text(path, _pretty(asdict(baseline), "") + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a file by way of a hidden one beside it; makes the folder.

    Raises:
        DataError: it cannot be written there.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise DataError(f"{path}: cannot write there: {error.strerror}") from None


def _check_tolerances(path: Path, baseline: Baseline) -> None:
    known = sorted(name for name in METRICS if can_be_gated(name))
    for name, tolerance in baseline.tolerances.items():
        if name not in known:
            what = "wall time, or better neither way" if name in METRICS else "not a metric"
            raise DataError(f"{path}: tolerances.{name}: {what}{did_you_mean(name, known)}")
        for key, value in asdict(tolerance).items():
            _check_amount(f"{path}: tolerances.{name}.{key}", value)
    for key, value in asdict(baseline.speed).items():
        _check_amount(f"{path}: speed.{key}", value)


def _check_amount(where: str, value: float) -> None:
    if value < 0.0:
        raise DataError(f"{where} = {value}: must be 0 or more")


def _fault(error: ValidationError) -> str:
    """Say in a line what is wrong, and for an unknown key which one is near."""
    first = error.errors(include_url=False)[0]
    path = first["loc"]
    where = ".".join(str(part) for part in path)
    if first["type"] == "unexpected_keyword_argument":
        return f"unknown key {where!r}{did_you_mean(str(path[-1]), _keys_at(path[:-1]))}"
    if first["type"] == "json_invalid":
        return f"not readable as JSON ({first['ctx']['error']})"
    if first["type"] == "missing":
        return f"key {where!r} is missing"
    said = f"{first['msg'][:1].lower()}{first['msg'][1:]}"
    return f"{where} = {json.dumps(first['input'])[:40]}: {said}" if where else said


def _keys_at(path: Sequence[str | int]) -> list[str]:
    owner = _OWNERS[str(path[0])] if path else Baseline
    return [each.name for each in fields(owner)]


def _pretty(value: Any, indent: str) -> str:
    """Return JSON whose short parts are one line each: what changed is a line of the difference."""
    line = json.dumps(value, allow_nan=False, ensure_ascii=False)
    is_plain = isinstance(value, list) and not any(isinstance(each, dict | list) for each in value)
    if is_plain or len(indent) + len(line) <= _LINE or not isinstance(value, dict | list):
        return line
    inner = indent + " "
    if isinstance(value, dict):
        parts = [f"{json.dumps(str(key))}: {_pretty(each, inner)}" for key, each in value.items()]
        left, right = "{", "}"
    else:
        parts = [_pretty(each, inner) for each in value]
        left, right = "[", "]"
    body = ",\n".join(f"{inner}{part}" for part in parts)
    return f"{left}\n{body}\n{indent}{right}"
