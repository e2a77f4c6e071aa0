import math

import numpy as np
import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

from sim.environment import Environment, VirtualTime


def history(env: simpy.Environment, seed: int) -> list[tuple[float, int]]:
    """Return what happens, and when, among processes that wait long and short, or interrupt others."""
    rng = np.random.default_rng(seed)
    seen: list[tuple[float, int]] = []
    processes: list[simpy.Process] = []

    def live(me: int) -> simpy.events.ProcessGenerator:
        for _ in range(int(rng.integers(1, 12))):
            try:
                yield env.timeout(float(rng.choice([0.0, 0.5, 8.0, 16.0, rng.exponential(3.0), 5000.0])))
            except simpy.Interrupt:
                seen.append((env.now, -me))
            seen.append((env.now, me))
            other = processes[int(rng.integers(len(processes)))]
            if rng.random() < 0.3 and other.is_alive and other is not env.active_process:
                other.interrupt()

    processes += [env.process(live(me)) for me in range(1, 20)]
    env.run()
    return [*seen, (env.now, 0)]


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 7.9, 66_600.0]))
def test_events_come_in_simpys_order(seed: int, start_s: float) -> None:
    assert history(Environment(start_s), seed) == history(simpy.Environment(start_s), seed)


def test_what_is_far_away_is_not_looked_for_step_by_step_and_never_is_last() -> None:
    env = Environment(0.0)
    seen: list[float] = []
    for delay_s in (math.inf, 1e15, 3.0, 1e9):
        env.timeout(delay_s).callbacks.append(lambda _event: seen.append(env.now))
    env.run(until=2e15)
    assert seen == [3.0, 1e9, 1e15]
    env.run()
    assert seen[-1] == math.inf


def test_events_are_counted() -> None:
    env = Environment(100.0)
    assert (env.events, env.pending) == (0, 0)
    for delay_s in (1.0, 3.0, 50.0, 51.0, 4000.0):
        env.timeout(delay_s)
    assert (env.events, env.pending) == (5, 5)
    left = []
    while env.pending:
        env.step()
        left.append(env.pending)
    assert list(dict.fromkeys(left)) == [4, 3, 2, 1, 0]  # a step from span to span is none of them
    assert env.events == 5
    with pytest.raises(simpy.core.EmptySchedule):
        env.step()


def test_the_clock_shows_simulated_time() -> None:
    env = Environment(100.0)
    env.run(until=200.0)
    assert VirtualTime(env).now_s() == env.now == 200.0
    env.timeout(0.0)
    env.run()
    assert env.now == 200.0
