"""Clairvoyant plans of MDRP days, with bounds: `python -m benchmarks.hindsight DIR --instances "0o100*"`.

Every plan is turned into a solution of the instance and checked by `scenarios.mdrp.violations`. Options:
``--seconds`` per search (the rate of this machine decides how many iterations that is; they are printed, and
``--iterations`` repeats them), ``--bound``, ``--no-prepositions``, ``--max-bundle``, ``--seed``, ``--out`` (a
folder of solution files per instance), ``--json``. Ctrl-C ends with what there is.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from domain.errors import UserError
from matching.hindsight import Bound, Day, Plan, Search, bounds, build_day
from scenarios.mdrp import (
    Instance,
    Solution,
    find_instances,
    metrics,
    read_instance,
    violations,
    write_solution,
)

TRIAL_ITERATIONS = 4_000
REPORTS = 100

PUBLISHED = {
    "0r50t75s1p100": (28.52, 0.0000),
    "0r50t75s1p125": (32.46, 0.0000),
    "0r50t75s2p100": (27.95, 0.0001),
    "0r50t75s2p125": (32.00, 0.0000),
    "0r50t100s1p100": (30.91, 0.0000),
    "0r50t100s1p125": (34.76, 0.0000),
    "0r50t100s2p100": (29.93, 0.0001),
    "0r50t100s2p125": (33.86, 0.0000),
    "0o50t75s1p100": (27.55, 0.0004),
    "0o50t75s1p125": (31.15, 0.0001),
    "0o50t75s2p100": (26.83, 0.0000),
    "0o50t75s2p125": (30.52, 0.0000),
    "0o50t100s1p100": (29.87, 0.0001),
    "0o50t100s1p125": (33.51, 0.0002),
    "0o50t100s2p100": (28.96, 0.0000),
    "0o50t100s2p125": (32.60, 0.0001),
    "0o100t75s1p100": (27.48, 0.0145),
    "0o100t75s1p125": (31.54, 0.0221),
    "0o100t75s2p100": (27.48, 0.0251),
    "0o100t75s2p125": (31.31, 0.0211),
    "0o100t100s1p100": (30.07, 0.0334),
    "0o100t100s1p125": (32.88, 0.0017),
    "0o100t100s2p100": (28.58, 0.0000),
    "0o100t100s2p125": (33.46, 0.0315),
}
"""Mean click-to-door and gap of Yildiz and Savelsbergh (2018), Table 9: a MIP with bundles of at most two."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """One instance: published and own mean click-to-door in minutes, gaps as shares of one, seconds spent."""

    instance: str
    published_ctd_min: float | None
    published_gap: float | None
    ctd_min: float
    rtp_min: float
    undelivered: int
    bound_ctd_min: float | None
    gap: float | None
    is_relaxation_solved: bool | None
    violations: int
    iterations: int
    search_s: float
    bound_s: float | None


def day_of(instance: Instance, *, prepositions: bool = True) -> Day:
    """Return an instance as a day in whole minutes from midnight."""
    customer, kitchen, travel = instance.order_xy_m, instance.restaurant_xy_m, instance.travel_min
    at_pickup, at_door = instance.pickup_service_min / 2, instance.dropoff_service_min / 2
    return build_day(
        placed=instance.placed_min.astype(float),
        ready=instance.ready_min.astype(float),
        latest=(instance.placed_min + instance.max_click_to_door_min).astype(float),
        restaurant=instance.restaurant,
        direct=travel(kitchen[instance.restaurant], customer).astype(float),
        on=instance.on_min.astype(float),
        off=instance.off_min.astype(float),
        start_to_restaurant=travel(instance.driver_xy_m[:, None], kitchen[None]).astype(float),
        customer_to_restaurant=travel(customer[:, None], kitchen[None]).astype(float),
        between=lambda i, j: travel(customer[i], customer[j]).astype(float),
        pickup_before=at_pickup,
        pickup_after=at_pickup,
        dropoff_before=at_door,
        dropoff_after=at_door,
        prepositions=prepositions,
    )


def solution_of(instance: Instance, plan: Plan) -> Solution:
    """Return a plan of `day_of(instance)` as a solution of the instance.

    A driver who must set out before the first order of its bundle is placed makes a prepositioning move,
    and departs for the bundle once it is there and the order is placed.
    """
    rows: list[tuple[int, int, int, int, int, int, int]] = []
    left: list[int] = []
    dropped = np.rint(plan.dropoff).astype(int).tolist()
    half_pickup, half_door = instance.pickup_service_min // 2, instance.dropoff_service_min // 2
    free, place, before = 0, instance.driver_xy_m[0], -1
    for k, (driver, orders) in enumerate(plan.trips()):
        if driver != before:
            free, place, before = int(instance.on_min[driver]), instance.driver_xy_m[driver], driver
        restaurant, pickup = int(instance.restaurant[orders[0]]), int(plan.pickup[k])
        placed = instance.placed_min[list(orders)]
        ride = int(instance.travel_min(place, instance.restaurant_xy_m[restaurant]))
        departs = max(free, int(placed.min()))
        if departs + ride + half_pickup > pickup:
            rows.append((driver, restaurant, free, free, free + ride, free + ride, 0))
            departs, ride = max(free + ride, int(placed.min())), 0
        rows.append((driver, restaurant, int(placed.max()), departs, departs + ride, pickup, len(orders)))
        first = int(plan.offsets[k])
        left.append(pickup + half_pickup)
        left.extend(drop + half_door for drop in dropped[first : first + len(orders) - 1])
        free, place = dropped[first + len(orders) - 1] + half_door, instance.order_xy_m[orders[-1]]
    columns = np.array(rows, np.int64).reshape(-1, 7).T
    return Solution(
        driver=columns[0],
        restaurant=columns[1],
        assigned_min=columns[2],
        departed_min=columns[3],
        arrived_min=columns[4],
        picked_up_min=columns[5],
        offsets=np.concatenate([[0], np.cumsum(columns[6])]),
        order=plan.order,
        left_min=np.array(left, np.int64),
        dropped_off_min=np.array(dropped, np.int64),
    )


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hindsight", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the instances lie")
    parser.add_argument("--instances", default="0*", help="which of them: a pattern")
    parser.add_argument("--seconds", type=float, default=30.0, help="of search per instance")
    parser.add_argument("--iterations", type=int, help="of search per instance, instead of seconds")
    parser.add_argument("--bound", action="store_true", help="prove a lower bound as well")
    parser.add_argument("--bound-rounds", type=int, default=300, help="of column generation, at most")
    parser.add_argument("--no-prepositions", action="store_true", help="no ride before an order is placed")
    parser.add_argument("--max-bundle", type=int, default=2, help="orders picked up together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="folder for solution files")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> int:
    """Run the instances and print what was found; 1 if a solution breaks a rule, or there is none."""
    options = _arguments(words)
    console = Console(stderr=True)
    try:
        folders = find_instances(options.folder, options.instances)
    except UserError as error:
        console.print(str(error), style="red", highlight=False)
        return 1
    results: list[Result] = []
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        for folder in bar.track(folders, description="instances"):
            work = _Work(instance=read_instance(folder), options=options, bar=bar)
            if work.run():
                results.append(work.result())
            if work.is_stopped:
                break
    if options.json:
        print(json.dumps([asdict(result) for result in results], indent=1))
    elif results:
        _print(results)
    return 1 if not results or any(result.violations for result in results) else 0


@dataclass(kw_only=True)
class _Work:
    """One instance under way: what it has so far survives an interrupt."""

    instance: Instance
    options: argparse.Namespace
    bar: Progress
    plans: list[Plan] = field(default_factory=list)
    bound: Bound | None = None
    iterations: int = 0
    search_s: float = 0.0
    bound_s: float = 0.0
    is_stopped: bool = False
    day: Day = field(init=False)

    def run(self) -> bool:
        """Search and prove until done or interrupted; return whether there is a plan."""
        self.day = day_of(self.instance, prepositions=not self.options.no_prepositions)
        try:
            self._search()
            if self.options.bound:
                self._prove()
        except KeyboardInterrupt:
            self.is_stopped = True
        return bool(self.plans)

    def _search(self) -> None:
        list(self._chosen(0).plans(self.day))  # compiles, before any clock runs
        self.iterations = self.options.iterations or self._affordable()
        task = self.bar.add_task(f"{self.instance.name} search", total=REPORTS + 1)
        began = time.perf_counter()
        for plan in self._chosen(self.iterations).plans(self.day):
            self.plans.append(plan)
            self.search_s = time.perf_counter() - began
            text = f"{self.instance.name} {plan.cost / self.day.orders:.3f} min"
            self.bar.update(task, advance=1, description=text)
        self.bar.remove_task(task)

    def _prove(self) -> None:
        rounds = self.options.bound_rounds
        task = self.bar.add_task(f"{self.instance.name} bound", total=rounds)
        began = time.perf_counter()
        most = self.options.max_bundle
        for bound in bounds(self.day, max_bundle=most, plans=self.plans, rounds=rounds):
            self.bound, self.bound_s = bound, time.perf_counter() - began
            text = f"{self.instance.name} at least {bound.cost / self.day.orders:.3f} min"
            self.bar.update(task, advance=1, description=text)
        self.bar.remove_task(task)

    def _affordable(self) -> int:
        """Return how many iterations fit in the seconds, by a trial."""
        trial = self._chosen(TRIAL_ITERATIONS).plans(self.day)
        next(trial)
        began = time.perf_counter()
        for _ in trial:
            pass
        rate = TRIAL_ITERATIONS / (time.perf_counter() - began)
        return max(int(rate * self.options.seconds), 1)

    def _chosen(self, iterations: int) -> Search:
        return Search(
            iterations=iterations,
            seed=self.options.seed,
            max_bundle=self.options.max_bundle,
            reports=REPORTS,
        )

    def result(self) -> Result:
        """Return the figures, from the solution as it is checked and written."""
        instance, plan, bound = self.instance, self.plans[-1], self.bound
        solution = solution_of(instance, plan)
        if self.options.out is not None:
            write_solution(self.options.out / instance.name, instance, solution)
        measured = metrics(instance, solution)
        published_ctd, published_gap = PUBLISHED.get(instance.name, (None, None))
        return Result(
            instance=instance.name,
            published_ctd_min=published_ctd,
            published_gap=published_gap,
            ctd_min=measured["ctd_min"],
            rtp_min=measured["rtp_min"],
            undelivered=plan.undelivered,
            bound_ctd_min=None if bound is None else bound.cost / self.day.orders,
            gap=None if bound is None or plan.undelivered else plan.cost / bound.cost - 1.0,
            is_relaxation_solved=None if bound is None else bound.is_solved,
            violations=len(violations(instance, solution)),
            iterations=self.iterations,
            search_s=self.search_s,
            bound_s=None if bound is None else self.bound_s,
        )


HEADINGS = (
    "instance",
    "published",
    "gap %",
    "ours",
    "bound",
    "gap %",
    "RtP",
    "undelivered",
    "violations",
    "iterations",
    "search s",
    "bound s",
)


def _print(results: list[Result]) -> None:
    table = Table(*HEADINGS, title="mean click-to-door, minutes")
    for column in table.columns[1:]:
        column.justify = "right"
    for result in results:
        table.add_row(
            result.instance,
            _text(result.published_ctd_min, 2),
            _text(result.published_gap, 2, 100.0),
            _text(result.ctd_min, 3),
            _text(result.bound_ctd_min, 3),
            _text(result.gap, 2, 100.0),
            _text(result.rtp_min, 2),
            str(result.undelivered),
            str(result.violations),
            str(result.iterations),
            _text(result.search_s, 1),
            _text(result.bound_s, 1),
        )
    Console(width=140).print(table)


def _text(value: float | None, digits: int, times: float = 1.0) -> str:
    return "-" if value is None else f"{value * times:.{digits}f}"


if __name__ == "__main__":
    sys.exit(main())
