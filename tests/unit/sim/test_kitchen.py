import simpy

from sim.kitchen import Kitchen


def cook(
    capacity: int, arrivals: list[tuple[float, float]], refused: frozenset[int] = frozenset()
) -> dict[int, float]:
    """Return when each order (arrival, preparation time) is done."""
    env = simpy.Environment()
    kitchen = Kitchen(env, capacity=capacity, prep_usual_s=600.0, prep_mean_s=500.0)
    done: dict[int, float] = {}

    def bring(i: int, prep_s: float) -> None:
        kitchen.cook(prep_s, start=lambda: i not in refused, done=lambda: done.setdefault(i, env.now))

    for i, (at_s, prep_s) in enumerate(arrivals):
        env.timeout(at_s).callbacks.append(lambda _event, i=i, prep_s=prep_s: bring(i, prep_s))
    env.run()
    return done


def test_orders_queue_for_places_first_come_first_served() -> None:
    assert cook(1, [(0, 100), (10, 50), (20, 10)]) == {0: 100, 1: 150, 2: 160}
    assert cook(2, [(0, 100), (10, 50), (20, 10)]) == {0: 100, 1: 60, 2: 70}


def test_a_cancelled_order_gives_its_place_to_the_next() -> None:
    assert cook(1, [(0, 100), (10, 50), (20, 10)], frozenset({1})) == {0: 100, 2: 110}


def test_the_quote_grows_with_the_queue() -> None:
    env = simpy.Environment()
    kitchen = Kitchen(env, capacity=2, prep_usual_s=600.0, prep_mean_s=500.0)
    quotes = []
    for _ in range(4):
        quotes.append(kitchen.quote_s())
        kitchen.cook(900.0, start=lambda: True, done=lambda: None)
    assert quotes == [600.0, 600.0, 850.0, 1100.0]
