"""Numbers and intervals as text, the same in HTML, Markdown and the terminal."""

from __future__ import annotations

from math import isfinite

from reports.metric import Metric
from reports.statistics import Estimate

NOTHING = "–"
MINUS = "−"


def number(value: float, decimals: int = 1) -> str:
    """Format a number with a fixed number of decimals and thousands separators; NaN is a dash."""
    if not isfinite(value):
        return NOTHING
    text = f"{value:,.{decimals}f}"
    is_zero = not text.strip("-0.,")
    return text.lstrip("-") if is_zero else text.replace("-", MINUS)


def signed(value: float, decimals: int = 1) -> str:
    """Format a difference, with its sign."""
    text = number(value, decimals)
    return f"+{text}" if isfinite(value) and value > 0 and text.strip("0.,") else text


def with_unit(text: str, unit: str) -> str:
    """Put a unit behind a number (a dollar sign before it); no unit behind a dash."""
    if text == NOTHING or not unit:
        return text
    if unit.startswith("$"):
        sign, digits = (text[0], text[1:]) if text[0] in f"+{MINUS}" else ("", text)
        return f"{sign}${digits}{unit[1:]}"
    return f"{text} {unit}"


def value_text(metric: Metric, value: float) -> str:
    """Format a metric's value with its unit."""
    return with_unit(number(value, metric.decimals), metric.unit)


def interval_text(metric: Metric, found: Estimate) -> str:
    """Format the interval of a metric in brackets; empty without one."""
    return _bracketed(found, metric.decimals)


def difference_text(metric: Metric, found: Estimate) -> str:
    """Format a signed difference with its unit."""
    return with_unit(signed(found.mean, _difference_decimals(metric, found)), metric.difference_unit)


def difference_interval_text(metric: Metric, found: Estimate) -> str:
    """Format the interval of a difference in brackets; empty without one."""
    return _bracketed(found, _difference_decimals(metric, found))


def _difference_decimals(metric: Metric, found: Estimate) -> int:
    """Small differences need a digit more than the values they are between."""
    return 2 if metric.decimals == 1 and abs(found.mean) < 10.0 else metric.decimals


def _bracketed(found: Estimate, decimals: int) -> str:
    return f"[{number(found.low, decimals)}, {number(found.high, decimals)}]" if found.has_interval else ""


def target_text(metric: Metric, target: float) -> str:
    """Format a target with its sense, such as `≤ 40 min`."""
    sense = "≥" if metric.direction == "higher" else "≤"
    return f"{sense} {with_unit(f'{target:,g}', metric.unit)}"


def plural(count: int, noun: str, many: str | None = None) -> str:
    """Format a count with its noun: `1 seed`, `5 seeds`."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def listing(words: list[str]) -> str:
    """Join words as a sentence does: `a`, `a and b`, `a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
