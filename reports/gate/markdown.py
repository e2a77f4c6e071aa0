"""The gate's table for a pull request, in GitHub's Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from reports.gate.check import Outcome
from reports.gate.rows import Row, Status
from reports.gate.texts import COLUMNS, cells, headline, remarks

_MARKS = {Status.SAME: "", Status.WITHIN: "✅", Status.BETTER: "🎉"}


def to_markdown(outcome: Outcome) -> str:
    """Return the headline, what fails, improved or is about speed, and the rest folded away."""
    shown = [row for row in outcome.rows if _is_news(row)]
    folded = [row for row in outcome.rows if not _is_news(row)]
    mark = "✅" if outcome.passed else "❌"
    parts = [f"## {mark} {_cell(headline(outcome))}", *(f"> {_cell(each)}" for each in remarks(outcome))]
    if shown:
        parts.append(_table(shown))
    if folded:
        summary = f"<summary>{len(folded)} within tolerance</summary>"
        parts.append(f"<details>{summary}\n\n{_table(folded)}\n\n</details>")
    return "\n\n".join(parts) + "\n"


def _is_news(row: Row) -> bool:
    return row.metric is None or row.status not in (Status.SAME, Status.WITHIN)


def _table(rows: Iterable[Row]) -> str:
    lines = [COLUMNS, ["---", "---", *["---:"] * 4, "---"]]
    for row in rows:
        *texts, status = cells(row)
        mark = "❌" if row.status.fails else _MARKS[row.status]
        lines.append([*texts, f"{mark} {status}".strip()])
    return "\n".join(f"| {' | '.join(_cell(text) for text in line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
