"""The page that compares strategies on the public instances, from the results of `bench mdrp`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.mdrp.losses import PAPER, Loss, losses
from benchmarks.mdrp.plots import draw_costs, draw_losses, to_plain_svg
from benchmarks.mdrp.published import YARDSTICKS, Yardstick
from benchmarks.mdrp.results import BenchmarkResult
from benchmarks.mdrp.table import COLUMNS, lines, markdown, means_markdown, number
from domain.errors import DataError
from scenarios.mdrp import parse_name

HEAD = """# Comparison

Written by `dispatchlab bench report` from the results of `dispatchlab bench mdrp`; how to run it, the rules,
and what the columns mean: [benchmark](benchmark.md).
"""
MEANS = """## Means

Bold: ours. Minutes, but for shares, dollars and sizes. The published means are over 240 instances, of which
half are kept aside here; figures over fewer instances follow ours on the same ones.
"""
DAYS = """## By day

Days 0 to 2 may have been used for tuning, days 3 and 4 never.
"""
LOSSES = """## Without perfect ready times

What a strategy loses when it is told an estimate instead of the ready time: the difference from its own run
with perfect times.
"""
KEPT_ASIDE = (3, 4)
SHORT = ("undelivered_pct", "ctd_min", "rtp_min", "cost_per_order_usd")


def write_page(results: Sequence[BenchmarkResult], out: Path) -> None:
    """Write the page, and its plots into ``images/`` beside it.

    Raises:
        DataError: results are not comparable: other instances, incomplete, or the same thing twice.
    """
    _check(results)
    images = out.parent / "images"
    images.mkdir(parents=True, exist_ok=True)

    def plot(name: str, alt: str, svg: bytes) -> str:
        file = images / f"{out.stem}-{name}.svg"
        file.write_bytes(svg)
        return f"![{alt}](images/{file.name})\n"

    out.write_text("\n".join(_sections(results, plot)), encoding="utf-8")


def _sections(results: Sequence[BenchmarkResult], plot: Callable[[str, str, bytes], str]) -> list[str]:
    perfect = [result for result in results if result.prep == "perfect"]
    told = losses(results)
    sections = [HEAD, _runs(results), MEANS]
    if perfect:
        drawn = to_plain_svg(draw_costs(lines(perfect)))
        sections += [means_markdown(perfect), plot("cost", "Click-to-door against dollars per order", drawn)]
    if perfect and _days(perfect[0]) - set(KEPT_ASIDE) and _days(perfect[0]) & set(KEPT_ASIDE):
        sections += [DAYS, _by_day(perfect)]
    others = list(dict.fromkeys(result.prep for result in results if result.prep != "perfect"))
    if others:
        sections.append(LOSSES)
    if told:
        drawn = to_plain_svg(draw_losses(told))
        sections += [_loss_table(told), plot("prep", "Loss without perfect ready times", drawn)]
    for prep in others:
        chosen = [result for result in results if result.prep == prep]
        sections += [f"### {prep}\n", means_markdown(chosen)]
    return [*sections, _sources(results)]


def _check(results: Sequence[BenchmarkResult]) -> None:
    if not results:
        raise DataError("nothing to compare: no result")
    first, seen = results[0], set()
    for result in results:
        key = (result.label, result.prep, result.preposition, result.seed)
        if key in seen:
            raise DataError(f"{result.label} with --prep {result.prep} is given twice")
        seen.add(key)
        if not result.is_complete:
            raise DataError(f"{result.label} with --prep {result.prep} was interrupted: run it again")
        if set(result.names) != set(first.names):
            raise DataError(
                f"{result.label} with --prep {result.prep} was played on {len(result.names)} instances, "
                f"{first.label} on {len(first.names)}, which are not the same"
            )


def _runs(results: Sequence[BenchmarkResult]) -> str:
    """Say what was run, and whether the solutions keep the rules."""
    broken = sum(result.violations for result in results)
    orders = sum(each.orders for each in results[0].per_instance)
    verdict = "no rule is broken" if broken == 0 else f"**violations: {broken}**"
    used = sorted({result.preposition for result in results})
    return (
        f"{len(results[0].names)} instances, {orders:,} orders, {len(results)} runs; every solution checked: "
        f"{verdict}. Prepositioning: {', '.join(used)}.\n"
        "Orders per second are of whole runs, one process each, reading and checking included; they vary\n"
        "from machine to machine.\n"
    )


def _days(result: BenchmarkResult) -> set[int]:
    return {_day(name) for name in result.names}


def _day(name: str) -> int:
    """Return the day of a public instance, -1 for others."""
    try:
        return parse_name(name).seed
    except DataError:
        return -1


def _by_day(results: Sequence[BenchmarkResult]) -> str:
    aside = [name for name in results[0].names if _day(name) in KEPT_ASIDE]
    tuned = [name for name in results[0].names if name not in set(aside)]
    rows = [
        [result.label, days, *_short(result, names)]
        for result in results
        for days, names in (("0 to 2", tuned), ("3 and 4", aside))
    ]
    return markdown(["", "days", *(COLUMNS[key][0] for key in SHORT)], rows, words=2)


def _short(result: BenchmarkResult, names: Sequence[str]) -> list[str]:
    mean = result.mean(names)
    return [number(mean[key], COLUMNS[key][1]) for key in SHORT]


def _loss_table(told: Sequence[Loss]) -> str:
    rows = [
        [each.name, each.prep, f"{each.undelivered_pct:+.2f}", f"{each.ctd_min:+.2f}", f"{each.rtp_min:+.2f}"]
        for each in (*told, PAPER)
    ]
    return markdown(["", "told", "% undel.", "CtD", "RtP"], rows, words=2)


def _sources(results: Sequence[BenchmarkResult]) -> str:
    shown = {(line.name, line.over) for line in lines(results) if not line.is_ours}
    cited = [_cited(each) for each in YARDSTICKS if (each.name, str(each.size)) in shown]
    return "\n".join(["## Sources\n", *dict.fromkeys(cited), ""])


def _cited(yardstick: Yardstick) -> str:
    return f"- {yardstick.name} ({yardstick.size}): {yardstick.source}."
