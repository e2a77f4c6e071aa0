"""The checks catch what they are for: one deliberately broken strategy per check."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from domain.errors import ContractError
from matching.conformance import CHECKS, check_strategy, main
from matching.contract import Decision
from matching.nearest import Nearest

SEEN: list[int] = []


@dataclass(frozen=True, kw_only=True)
class Base(Nearest):
    """Nearest, to be broken by subclasses."""

    name: ClassVar[str] = "base"


@dataclass(frozen=True, kw_only=True)
class Mutable(Base):
    pass


Mutable.__setattr__ = object.__setattr__


@dataclass(frozen=True, kw_only=True)
class NoCandidates(Base):
    def __post_init__(self):
        object.__setattr__(self, "candidates", 0)


@dataclass(frozen=True, kw_only=True)
class Overloads(Base):
    def __call__(self, snapshot, rng):
        driver = snapshot.order_driver.copy()
        first = snapshot.candidate_offsets[:-1][np.diff(snapshot.candidate_offsets) > 0]
        driver[np.flatnonzero(np.diff(snapshot.candidate_offsets) > 0)] = snapshot.candidate_driver[first]
        return Decision(driver=driver)


@dataclass(frozen=True, kw_only=True)
class WritesInputs(Base):
    def __call__(self, snapshot, rng):
        decision = super().__call__(snapshot, rng)
        if snapshot.order_placed_s.flags.writeable:
            snapshot.order_placed_s[:] = 0.0
        return decision


@dataclass(frozen=True, kw_only=True)
class Counts(Base):
    def __call__(self, snapshot, rng):
        SEEN.append(1)
        decision = super().__call__(snapshot, rng)
        return decision if len(SEEN) % 2 else Decision(driver=snapshot.order_driver.copy())


@dataclass(frozen=True, kw_only=True)
class Remembers(Base):
    def __call__(self, snapshot, rng):
        SEEN.append(snapshot.open_orders)
        if len(SEEN) > 2 and SEEN[-3] > snapshot.open_orders:  # a repeated call does not show it
            return Decision(driver=snapshot.order_driver.copy())
        return super().__call__(snapshot, rng)


@dataclass(frozen=True, kw_only=True)
class GlobalDice(Base):
    def __call__(self, snapshot, rng):
        random.random()
        return super().__call__(snapshot, rng)


@dataclass(frozen=True, kw_only=True)
class LikesLowNumbers(Base):
    def __call__(self, snapshot, rng):
        driver, taken = snapshot.order_driver.copy(), set(np.flatnonzero(snapshot.driver_load))
        for i in range(snapshot.open_orders):
            pairs = slice(snapshot.candidate_offsets[i], snapshot.candidate_offsets[i + 1])
            free = sorted(set(snapshot.candidate_driver[pairs]) - taken)
            if free:
                driver[i] = free[0]
                taken.add(free[0])
        return Decision(driver=driver)


@dataclass(frozen=True, kw_only=True)
class Idles(Base):
    def __call__(self, snapshot, rng):
        return Decision(driver=snapshot.order_driver.copy())


@dataclass(frozen=True, kw_only=True)
class Unpicklable(Base):
    def __reduce__(self):
        return Nearest, ()


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        (Mutable, "is_frozen_dataclass"),
        (NoCandidates, "has_sane_parameters"),
        (Overloads, "decides_feasibly"),
        (WritesInputs, "leaves_inputs_unchanged"),
        (Counts, "repeats_itself"),
        (Remembers, "has_no_memory"),
        (GlobalDice, "draws_from_its_generator_only"),
        (LikesLowNumbers, "ignores_driver_numbers"),
        (Idles, "gives_work"),
        (Unpicklable, "survives_pickling"),
    ],
)
def test_each_check_catches_its_fault(broken, check):
    SEEN.clear()
    message = rf"check '{check}' failed, seed \d.*matching.conformance .*{broken.__name__}"
    with pytest.raises(ContractError, match=message):
        check_strategy(broken())


def test_every_fault_is_tested():
    tested = {mark.args[1][i][1] for mark in test_each_check_catches_its_fault.pytestmark for i in range(10)}
    assert tested | {"imports_no_world"} == set(CHECKS)


def test_imports_of_the_world_are_seen(tmp_path, monkeypatch):
    from matching.registry import load_strategy

    monkeypatch.chdir(tmp_path)
    (tmp_path / "uses_simpy_here.py").write_text(
        "import simpy\nfrom dataclasses import dataclass\nfrom matching.nearest import Nearest\n\n"
        "@dataclass(frozen=True, kw_only=True)\nclass Mine(Nearest):\n    pass\n"
    )
    with pytest.raises(ContractError, match=r"imports_no_world.*imports simpy"):
        check_strategy(load_strategy("uses_simpy_here:Mine"))


def test_own_travel_times_are_used():
    class Farther:
        def __init__(self):
            from matching.testing import PlainTravel

            self.plain, self.asked, self.node_count = PlainTravel(side=20), 0, 400

        def times(self, origins, destinations, *, at_s, vehicle=0):
            self.asked += 1
            return self.plain.times(origins, destinations, at_s=at_s, vehicle=vehicle)

    from matching.score import Score

    travel = Farther()
    assert check_strategy(Score(), travel=travel, seeds=(0,)) == list(CHECKS)
    assert travel.asked > 0


def test_the_command_prints_every_check(capsys):
    assert main(["nearest", "--seed", "4"]) == 0
    out = capsys.readouterr().out
    assert all(f"pass  {name}" in out for name in CHECKS)


def test_the_command_fails_with_a_line(capsys):
    assert main([]) == 2
    assert main(["scroe"]) == 2
    assert "did you mean 'score'" in capsys.readouterr().err
    assert main([f"{__name__}:Idles"]) in (1, 2)


def test_parameters_reach_the_checks():
    assert check_strategy(replace(Nearest(), window_s=5.0), seeds=(1,)) == list(CHECKS)
