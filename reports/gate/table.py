"""The gate's table for the terminal."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from reports.gate.check import Outcome
from reports.gate.rows import Status
from reports.gate.texts import COLUMNS, cells, headline, remarks

_STYLES = {Status.SAME: "dim", Status.WITHIN: "", Status.BETTER: "green"}


def gate_table(outcome: Outcome) -> Table:
    """Return a row per strategy and metric; what fails is red."""
    table = Table(title=headline(outcome), caption="\n".join(remarks(outcome)), caption_justify="left")
    for name in COLUMNS:
        is_number = name in ("baseline", "now", "worse by", "tolerance")
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    last = ""
    for row in outcome.rows:
        section = row.label if row.metric is not None else "speed"
        if last and section != last:
            table.add_section()
        last, style = section, "bold red" if row.status.fails else _STYLES[row.status]
        table.add_row(*(Text(text, style=style) for text in cells(row)))
    return table
