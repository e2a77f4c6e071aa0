"""A kitchen with Poisson arrivals and exponential times is an M/M/c queue: Erlang C gives its mean wait."""

import math

import numpy as np
import pytest
import simpy

from sim.kitchen import Kitchen


def erlang_c_wait(arrival_rate: float, service_rate: float, servers: int) -> float:
    """Return the mean wait in an M/M/c queue (Erlang 1917)."""
    load = arrival_rate / service_rate
    top = load**servers / math.factorial(servers) * servers / (servers - load)
    waits = top / (sum(load**k / math.factorial(k) for k in range(servers)) + top)
    return waits / (servers * service_rate - arrival_rate)


@pytest.mark.parametrize(("servers", "load"), [(1, 0.6), (3, 0.7), (8, 0.85)])
def test_mean_wait_agrees_with_erlang_c(servers: int, load: float) -> None:
    rng = np.random.default_rng(servers)
    env, orders, mean_s = simpy.Environment(), 120_000, 600.0
    kitchen = Kitchen(env, capacity=servers, prep_usual_s=mean_s, prep_mean_s=mean_s)
    rate = load * servers / mean_s
    arrivals = np.cumsum(rng.exponential(1.0 / rate, orders))
    prep_s = rng.exponential(mean_s, orders)
    waits = np.empty(orders)

    def start(i: int) -> bool:
        waits[i] = env.now - arrivals[i]
        return True

    def customers() -> simpy.events.ProcessGenerator:
        for i in range(orders):
            yield env.timeout(arrivals[i] - env.now)
            kitchen.cook(prep_s[i], start=lambda i=i: start(i), done=lambda: None)

    env.process(customers())
    env.run()
    expected = erlang_c_wait(rate, 1.0 / mean_s, servers)
    assert waits[orders // 10 :].mean() == pytest.approx(expected, rel=0.08)
