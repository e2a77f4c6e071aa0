"""What failed, told from `run.json`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import reports
from reports.comparison import compare
from reports.incidents import incident_rows, spells
from reports.run import open_run
from reports.testing import make_run_folder


def incident(at_s: float, subject: str, state: str, detail: str = "") -> dict[str, Any]:
    return {"market": 0, "at_s": at_s, "subject": subject, "state": state, "detail": detail}


STORY = (
    incident(64_800.0, "valkey", "down"),
    incident(64_810.5, "breaker matching", "open", "no route"),
    incident(65_400.0, "valkey", "up"),
    incident(65_405.0, "breaker matching", "closed"),
    incident(66_000.0, "postgres", "down"),
)


def test_beginnings_and_ends_make_spells(tmp_path: Path) -> None:
    run = open_run(make_run_folder(tmp_path, incidents=STORY))
    assert [(one.subject, one.start_s, one.end_s) for one in spells(run)] == [
        ("valkey", 64_800.0, 65_400.0),
        ("breaker matching", 64_810.5, 65_405.0),
        ("postgres", 66_000.0, math.inf),
    ]
    assert spells(open_run(make_run_folder(tmp_path / "calm"))) == []


def test_rows_say_when_how_long_and_why(tmp_path: Path) -> None:
    run = open_run(make_run_folder(tmp_path, incidents=STORY))
    valkey, breaker, postgres = incident_rows(compare([run]))
    assert (valkey.what, valkey.span, valkey.lasted) == ("valkey down", "18:00:00 to 18:10:00", "10.0 min")
    assert (breaker.span, breaker.lasted) == ("18:00:10 to 18:10:05", "9.9 min")
    assert breaker.consequence.startswith("no route")
    assert (postgres.span, postgres.lasted) == ("18:20:00 to the end", "not over")


def test_the_page_and_the_markdown_tell_of_them_only_where_there_are_some(tmp_path: Path) -> None:
    failed = open_run(make_run_folder(tmp_path / "failed", incidents=STORY))
    calm = open_run(make_run_folder(tmp_path / "calm"))
    for run, is_told in ((failed, True), (calm, False)):
        reports.write_report([run], tmp_path / "report")
        page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
        assert ("What failed" in page) is is_told
        assert ("valkey down" in reports.to_markdown(compare([run]))) is is_told
