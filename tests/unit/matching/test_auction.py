from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from matching._auction import auction_assign
from matching.assignment import assign
from matching.auction import Auction
from matching.batch import Batch
from matching.insertion import best_insertions
from matching.objective import parse_objective
from matching.routes import planned
from matching.testing import make_snapshot


def sparse(rng, rows, columns, *, whole):
    """A random instance: offsets, columns, costs, unassigned costs; every second one has rows left out."""
    sizes = rng.integers(0, min(8, columns) + 1, rows)
    at = [rng.choice(columns, size, replace=False) for size in sizes]
    costs, out = rng.uniform(-50, 100, sizes.sum()), rng.choice([150.0, 1e5]) * rng.uniform(0.1, 1.0, rows)
    if whole:
        costs, out = np.rint(costs / 10), np.rint(out / 10)
    return np.r_[0, np.cumsum(sizes)], np.concatenate([np.empty(0), *at]).astype(np.int32), costs, out


def total(offsets, at, costs, out, edge):
    taken = edge[edge >= 0]
    assert len(set(at[taken])) == len(taken), "a column is taken twice"
    rows = np.flatnonzero(edge >= 0)
    assert ((offsets[rows] <= taken) & (taken < offsets[rows + 1])).all(), "an edge of another row"
    return costs[taken].sum() + out[edge < 0].sum()


def brute_force(offsets, at, costs, out):
    best = np.inf
    for pick in product(*([-1, *range(offsets[i], offsets[i + 1])] for i in range(len(out)))):
        used = [at[e] for e in pick if e >= 0]
        if len(set(used)) == len(used):
            best = min(best, sum(costs[e] if e >= 0 else out[i] for i, e in enumerate(pick)))
    return best


def by_scipy(offsets, at, costs, out, columns):
    n, shift = len(out), 1_000.0  # scipy drops zero weights; every row takes one edge, so a shift is harmless
    rows = np.r_[np.repeat(np.arange(n), np.diff(offsets)), np.arange(n)]
    to = np.r_[at, columns + np.arange(n)]
    matrix = csr_array((np.r_[costs, out] + shift, (rows, to)), shape=(n, columns + n))
    return matrix[min_weight_full_bipartite_matching(matrix)].sum() - shift * n


def test_small_instances_against_brute_force():
    rng = np.random.default_rng(1)
    for _ in range(150):
        rows, columns = rng.integers(1, 7, 2)
        data = sparse(rng, rows, columns, whole=True)
        edge, _ = auction_assign(*data, column_count=columns, epsilon=1 / 8)
        assert total(*data, edge) == brute_force(*data)


def test_a_thousand_whole_number_instances_are_solved_to_the_optimum():
    rng = np.random.default_rng(2)
    for i in range(1_000):
        rows, columns = rng.integers(1, 60, 2)
        data = sparse(rng, rows, columns, whole=True)
        edge, bound = auction_assign(*data, column_count=columns, epsilon=1 / 64)
        assert bound < 1.0, f"instance {i} is not proven"
        assert total(*data, edge) == total(*data, assign(*data, column_count=columns)), f"instance {i}"
        assert total(*data, edge) == pytest.approx(by_scipy(*data, columns)), f"instance {i}"


@pytest.mark.parametrize("epsilon", [20.0, 1.0, 1e-3])
def test_the_bound_holds_for_any_epsilon(epsilon):
    rng = np.random.default_rng(3)
    for i in range(200):
        rows, columns = rng.integers(1, 60, 2)
        data = sparse(rng, rows, columns, whole=False)
        edge, bound = auction_assign(*data, column_count=columns, epsilon=epsilon)
        excess = total(*data, edge) - total(*data, assign(*data, column_count=columns))
        assert excess <= bound + 1e-6, f"instance {i}"
        assert bound <= min(rows, columns) * epsilon + 1e-6, f"instance {i}"


def test_rivals_for_one_column_settle_on_the_cheapest():
    # the price must climb from nothing to almost 1e6 in steps of 1 / 256
    n = 200
    edge, _ = auction_assign(
        np.arange(n + 1),
        np.zeros(n, np.int32),
        np.arange(n, 0, -1.0),
        np.full(n, 1e6),
        column_count=1,
        epsilon=1 / 256,
    )
    assert np.flatnonzero(edge >= 0).tolist() == [n - 1]


def test_inputs_are_not_modified():
    data = sparse(np.random.default_rng(4), 30, 20, whole=False)
    for array in data:
        array.setflags(write=False)
    auction_assign(*data, column_count=20, epsilon=1.0)


@pytest.mark.parametrize(
    ("columns", "costs", "out", "epsilon"),
    [
        ([9], [1.0], [1.0], 0.1),
        ([0], [np.nan], [1.0], 0.1),
        ([0], [1.0], [np.inf], 0.1),
        ([0], [1.0], [], 0.1),
        ([0], [1.0], [1.0], 0.0),
        ([0], [1.0], [1e7], 1e-12),
    ],
)
def test_unusable_input_is_refused(columns, costs, out, epsilon):
    at, costs, out = np.array(columns, np.int32), np.array(costs), np.array(out)
    with pytest.raises(ValueError, match=r"must be|do not fit"):
        auction_assign(np.array([0, 1]), at, costs, out, column_count=2, epsilon=epsilon)


@pytest.mark.parametrize(
    "market", [{}, {"drivers": 12}, {"carrying": 0.8}, {"by_trips": True, "carrying": 0.8}]
)
def test_costs_no_more_than_batch(market, rng):
    for seed in range(3):
        snapshot = make_snapshot(**{"orders": 30, "drivers": 60} | market, seed=seed)
        ours, best = (kind(max_wait_s=0.0)(snapshot, rng) for kind in (Auction, Batch))
        assert (ours.driver >= 0).sum() == (best.driver >= 0).sum()
        assert cost(snapshot, ours) == pytest.approx(cost(snapshot, best), abs=30 * Auction().grid_s)


def cost(snapshot, decision):
    """What the new orders add to the routes, in seconds."""
    given = np.flatnonzero(decision.driver[: snapshot.open_orders] >= 0)
    return best_insertions(
        snapshot,
        planned(snapshot),
        given,
        decision.driver[given],
        objective=parse_objective(Batch().objective),
    ).cost.sum()
