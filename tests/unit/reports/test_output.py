"""HTML, Markdown, figures and the terminal: what a reader gets."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from reports.api import to_html, write_report
from reports.comparison import Comparison, compare
from reports.console import summary_table
from reports.markdown import to_markdown
from reports.metrics import METRICS
from reports.provenance import OSM_ATTRIBUTION
from reports.run import Run, open_run
from reports.testing import make_run_folder

VOID = {"meta", "br", "img", "link", "hr", "input", "col"}


class _Page(HTMLParser):
    """Checks that tags nest, and collects ids, links and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: Counter[str] = Counter()
        self.links: list[str] = []
        self.unnamed: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids.update(filter(None, [found.get("id")]))
        self.links += [value for name, value in attrs if name in ("href", "src", "xlink:href") and value]
        if tag == "svg" and not found.get("aria-label"):
            self.unnamed.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page(comparison: Comparison) -> str:
    return to_html(comparison)


def test_the_page_is_well_formed(page: str) -> None:
    found = _Page(page)
    assert found.open == []
    assert [name for name, count in found.ids.items() if count > 1] == []
    assert found.unnamed == []


def test_the_page_loads_nothing(page: str) -> None:
    assert not re.search(r"https?://|@import|url\((?!#)", page)
    found = _Page(page)
    for link in found.links:
        assert link.startswith("data:image/png;base64,") or link[1:] in found.ids


def test_the_page_answers_first_and_defines_every_metric(page: str) -> None:
    assert page.index('class="verdict"') < page.index("<table")
    for metric in METRICS.values():
        assert f"<code>{metric.id}</code>" in page
    assert OSM_ATTRIBUTION in page
    assert "dispatchlab compare synthetic-dinner" in page
    assert "Kafka consumer lag" in page


def test_the_page_is_the_same_each_time(tmp_path: Path) -> None:
    found = compare([open_run(make_run_folder(tmp_path / "a", orders=120, drivers=9, markets=2))])
    page = to_html(found)
    assert to_html(found) == page
    assert "Map of riverton" in page
    assert "Map of lakeside" in page


def test_the_page_follows_the_readers_theme(page: str) -> None:
    assert "prefers-color-scheme: dark" in page
    figure = page[page.index("<svg") : page.index("</svg>")]
    assert "var(--ink)" in figure
    assert "#1d2430" not in figure


def test_notes_and_interrupted_runs_are_shown_and_escaped(tmp_path: Path) -> None:
    wanted = {"orders": 40, "drivers": 5, "notes": ("<script>alert(1)</script>",)}
    runs = [
        open_run(make_run_folder(tmp_path / str(seed), seed=seed, complete=seed == 1, **wanted))
        for seed in (1, 2)
    ]
    page = to_html(compare(runs))
    assert "1 interrupted run (batch, seed 2): left out of all numbers." in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


def test_an_empty_run_has_a_page(empty_run: Run) -> None:
    page = to_html(compare([empty_run]))
    assert _Page(page).open == []
    assert "No objective could be measured" in page
    assert ">nan" not in page.lower()


def test_write_report_writes_all_files_and_no_drafts(compare_folder: Path, tmp_path: Path) -> None:
    path = write_report([open_run(compare_folder / "batch-1")], tmp_path / "out", figures=True)
    assert path == tmp_path / "out" / "report.html"
    assert (tmp_path / "out" / "report.md").is_file()
    pictures = sorted(each.name for each in (tmp_path / "out" / "figures").iterdir())
    assert {"objectives.png", "click_to_door.png", "map_0.png"} <= set(pictures)
    assert not list((tmp_path / "out").rglob(".*"))


def test_markdown(comparison: Comparison) -> None:
    text = to_markdown(comparison)
    lines = text.splitlines()
    assert lines[0] == "## synthetic-dinner: 3 strategies, 3 seeds"
    assert lines[2].startswith("**batch")
    assert "| SLO | target | batch | nearest | score | winner |" in lines
    row = next(line for line in lines if line.startswith("| Match time, 95th percentile"))
    assert re.fullmatch(
        r"\| [^|]+ \| ≤ 30 s \|( [✅❌]≈? [\d.]+ s \[[\d.]+, [\d.]+\] \|){3} batch by [^|]+ \|", row
    )
    assert "dispatchlab compare synthetic-dinner --strategies batch,nearest,score --seeds 1-3" in text
    assert len(text) < 6000


def test_markdown_of_one_run_has_no_winners(compare_folder: Path) -> None:
    text = to_markdown(compare([open_run(compare_folder / "batch-1")]))
    assert "winner" not in text
    assert "dispatchlab run synthetic-dinner --strategy batch --eta multi_factor --seed 1" in text


def test_the_terminal_marks_winners(comparison: Comparison) -> None:
    console = Console(width=160)
    with console.capture() as capture:
        console.print(summary_table(comparison, every_metric=True))
    text = capture.get()
    assert "★" in text
    assert "match time p95" in text
    assert "Wall clock" in text


def test_many_strategies_are_rows_that_fit_a_terminal(
    comparison: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.console.MOST_COLUMNS", 1)
    console = Console(width=80)
    with console.capture() as capture:
        console.print(summary_table(comparison))
    rows = [line for line in capture.get().splitlines() if any(name in line for name in comparison.labels)]
    assert [row.split()[1] for row in rows[: len(comparison.labels)]] == list(comparison.labels)
    assert all("±" not in row for row in rows)


def test_the_terminal_takes_a_single_run(compare_folder: Path) -> None:
    console = Console(width=100)
    with console.capture() as capture:
        console.print(summary_table(open_run(compare_folder / "score-2")))
    assert "winner" not in capture.get()
    assert "≥ 90 %" in capture.get()
