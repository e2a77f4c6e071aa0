"""Checks that any strategy must pass, after scikit-learn's `check_estimator`.

`check_strategy(strategy)` in a test, or ``python -m matching.conformance my_module:MyStrategy`` in a shell.
"""

from __future__ import annotations

import ast
import inspect
import pickle
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError, dataclass, fields, replace

import numpy as np

from domain.errors import ContractError, DispatchlabError
from domain.registry import check_parameters
from matching._markets import MARKETS, columns_of, overdue, paired, renumbered
from matching.contract import Decision, Snapshot, Strategy
from matching.registry import STRATEGIES, load_strategy
from matching.snapshot import DTYPES, build_snapshot
from matching.testing import make_snapshot
from matching.validate import check_decision
from roads.protocols import TravelTimes

FORBIDDEN_IMPORTS = frozenset(
    (
        "simpy",
        "services",
        "adapters",
        "sim",
        "reports",
        "scenarios",
        "lab",
        "cli",
        "valkey",
        "redis",
        "asyncpg",
        "psycopg",
        "confluent_kafka",
        "aiokafka",
        "asyncio",
        "threading",
        "socket",
        "time",
        "datetime",
        "requests",
        "httpx",
        "logging",
    )
)


@dataclass(frozen=True)
class Case:
    """One strategy on trial on the markets of one seed."""

    strategy: Strategy
    seed: int
    travel: TravelTimes | None

    def snapshots(self) -> Iterator[tuple[str, Snapshot]]:
        """Yield every market's name and snapshot, one with drivers equally far in pairs, and two too late."""
        for name, arguments in MARKETS.items():
            yield name, make_snapshot(**arguments, seed=self.seed, travel=self.travel)
        yield "equally far drivers", paired(make_snapshot(orders=10, drivers=10, seed=self.seed))
        for name in ("carrying drivers", "by trips"):
            yield f"{name}, all too late", overdue(make_snapshot(**MARKETS[name], seed=self.seed))

    def decide(self, snapshot: Snapshot) -> Decision:
        """Ask the strategy, with the seed's own random generator."""
        return self.strategy(snapshot, np.random.default_rng(self.seed))


Check = Callable[[Case], None]


def check_strategy(
    strategy: Strategy, *, travel: TravelTimes | None = None, seeds: tuple[int, ...] = (0, 1, 2)
) -> list[str]:
    """Run every check on markets of every seed; return the names of the checks that ran.

    `travel` replaces the imaginary city of `matching.testing` by travel times of your own.

    Raises:
        ContractError: a check failed; the message names the check, the market and the seed that repeat it.
    """
    for name, check in CHECKS.items():
        for seed in seeds:
            _run(name, check, Case(strategy, seed, travel))
    return list(CHECKS)


def _run(name: str, check: Check, case: Case) -> None:
    try:
        check(case)
    except Exception as error:  # what the strategy raises is its failure, too
        problem = str(error) if isinstance(error, DispatchlabError) else f"it raises {error!r}"
        kind = f"{type(case.strategy).__module__}:{type(case.strategy).__name__}"
        raise ContractError(
            f"check {name!r} failed, seed {case.seed}: {problem} "
            f"(python -m matching.conformance {kind} --seed {case.seed})"
        ) from error


def _require(is_met: bool, problem: str) -> None:
    if not is_met:
        raise ContractError(problem)


def is_frozen_dataclass(case: Case) -> None:
    """A frozen, keyword-only dataclass with the class attributes and fields of a strategy."""
    problems = STRATEGIES.problems(type(case.strategy))
    _require(not problems, "; ".join(problems))
    try:
        case.strategy.name = "changed"  # type: ignore[misc]  # must fail: it is frozen
    except FrozenInstanceError:
        pass
    else:
        raise ContractError("its attributes can be changed")


def has_sane_parameters(case: Case) -> None:
    """Finite, with a window of at least 0 s, at least one candidate and a positive radius."""
    strategy = case.strategy
    check_parameters(strategy)
    _require(strategy.window_s >= 0.0, "window_s must not be negative")
    _require(
        isinstance(strategy.candidates, int) and strategy.candidates > 0, "candidates must be an int >= 1"
    )
    _require(strategy.radius_m > 0.0, "radius_m must be positive")


def imports_no_world(case: Case) -> None:
    """The strategy's module imports no simulator, store, service, clock or log."""
    module = sys.modules[type(case.strategy).__module__]
    tree = ast.parse(inspect.getsource(module))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    found = sorted(name for name in names if name.split(".")[0] in FORBIDDEN_IMPORTS)
    _require(not found, f"its module imports {', '.join(found)}")


def decides_feasibly(case: Case) -> None:
    """Right shapes and dtypes; candidates only, capacity kept, accepted orders in place, routes whole."""
    for market, snapshot in case.snapshots():
        decision = case.decide(snapshot)
        _require(isinstance(decision, Decision), f"on {market!r} it returns no Decision")
        problems = check_decision(snapshot, decision, case.strategy)
        _require(not problems, f"on {market!r}: {'; '.join(problems[:3])}")


def leaves_inputs_unchanged(case: Case) -> None:
    """The snapshot is what it was, even where its arrays could be written to."""
    for market, snapshot in case.snapshots():
        before = {name: getattr(snapshot, name).copy() for name in DTYPES}
        writable = replace(snapshot, **{name: array.copy() for name, array in before.items()})
        case.decide(writable)
        changed = [name for name in DTYPES if not np.array_equal(before[name], getattr(writable, name))]
        _require(not changed, f"on {market!r} it changes {', '.join(changed)}")


def repeats_itself(case: Case) -> None:
    """Same snapshot, same random generator: same decision."""
    for market, snapshot in case.snapshots():
        _same(
            case.decide(snapshot),
            case.decide(snapshot),
            f"on {market!r} it decides differently the second time",
        )


def has_no_memory(case: Case) -> None:
    """What it decided before has no influence: the markets in reverse order, asked of the same instance."""
    first = [(market, snapshot, case.decide(snapshot)) for market, snapshot in case.snapshots()]
    for market, snapshot, decision in reversed(first):
        _same(
            decision, case.decide(snapshot), f"on {market!r} its answer depends on what it was asked before"
        )


def draws_from_its_generator_only(case: Case) -> None:
    """Global random state is neither used nor changed."""
    for market, snapshot in case.snapshots():
        random.seed(1)
        before, answer = random.getstate(), case.decide(snapshot)
        _require(before == random.getstate(), f"on {market!r} it draws from Python's global generator")
        state = np.random.get_state(legacy=False)  # noqa: NPY002  # watches the global generator
        case.decide(snapshot)
        after = np.random.get_state(legacy=False)  # noqa: NPY002  # watches the global generator
        _require(str(state) == str(after), f"on {market!r} it draws from numpy's global generator")
        _same(answer, case.decide(snapshot), f"on {market!r} it depends on global random state")


def ignores_driver_numbers(case: Case) -> None:
    """Numbering the drivers otherwise changes nothing; a strategy that draws random numbers is excused.

    Every order has its own restaurant here, so that ties are rare; where there are some, go by the order of
    candidates, which stays.
    """
    for market, arguments in MARKETS.items():
        own = arguments | {"restaurants": 100_000}
        snapshot = make_snapshot(**own, seed=case.seed, travel=case.travel)
        rng = np.random.default_rng(case.seed)
        before = str(rng.bit_generator.state)
        decision = case.strategy(snapshot, rng)
        if str(rng.bit_generator.state) != before:
            continue
        order = np.random.default_rng(case.seed).permutation(snapshot.drivers)
        again = case.decide(renumbered(snapshot, order))
        mapped = np.where(again.driver >= 0, order[again.driver], -1) if len(order) else again.driver
        _require(
            np.array_equal(mapped, decision.driver), f"on {market!r} it depends on how drivers are numbered"
        )


def gives_work(case: Case) -> None:
    """Food is ready and has waited for ten minutes, an idle driver stands near, and nobody else: it goes."""
    snapshot = make_snapshot(
        orders=1, drivers=1, ready=1.0, radius_m=50_000.0, seed=case.seed, travel=case.travel
    )
    waiting = np.minimum(snapshot.order_placed_s, snapshot.now_s - 600.0)
    snapshot = build_snapshot(
        **columns_of(snapshot)
        | {
            "order_since_s": waiting,
            "order_placed_s": waiting,
            "driver_node": snapshot.order_restaurant_node,
            "driver_lat": snapshot.order_restaurant_lat,
            "driver_lon": snapshot.order_restaurant_lon,
            "candidate_distance_m": np.zeros(1),
        }
    )
    _require(case.decide(snapshot).driver[0] == 0, "ready food and an idle driver at the door, yet it waits")


def survives_pickling(case: Case) -> None:
    """A copy sent to another process decides the same."""
    copy = pickle.loads(pickle.dumps(case.strategy))
    _require(copy == case.strategy, "its pickled copy is not equal to it")
    for market, snapshot in case.snapshots():
        other = copy(snapshot, np.random.default_rng(case.seed))
        _same(case.decide(snapshot), other, f"on {market!r} its pickled copy decides differently")


CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (
        is_frozen_dataclass,
        has_sane_parameters,
        imports_no_world,
        decides_feasibly,
        leaves_inputs_unchanged,
        repeats_itself,
        has_no_memory,
        draws_from_its_generator_only,
        ignores_driver_numbers,
        gives_work,
        survives_pickling,
    )
}
"""Every check by name; each takes a `Case` and raises ContractError."""


def _same(first: Decision, second: Decision, problem: str) -> None:
    names = [field.name for field in fields(Decision)]
    _require(all(np.array_equal(getattr(first, name), getattr(second, name)) for name in names), problem)


def main(arguments: list[str]) -> int:
    """Print each check and whether the strategy passes; return the exit code."""
    if not arguments or arguments[0].startswith("-") or len(arguments) not in (1, 3):
        print("usage: python -m matching.conformance NAME_OR_MODULE:CLASS [--seed N]")
        return 2
    seeds = (int(arguments[2]),) if len(arguments) == 3 else (0, 1, 2)
    try:
        strategy = load_strategy(arguments[0])
    except DispatchlabError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    failed = 0
    for name, check in CHECKS.items():
        try:
            for seed in seeds:
                _run(name, check, Case(strategy, seed, None))
            print(f"pass  {name}")
        except ContractError as error:
            failed += 1
            print(f"FAIL  {name}\n      {error}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
