from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from matching.assignment import assign


def sparse(rng, rows, columns, edges, *, integer):
    """A random instance: offsets, columns, costs, unassigned costs."""
    per_row = [
        rng.choice(columns, rng.integers(0, min(edges, columns) + 1), replace=False) for _ in range(rows)
    ]
    offsets = np.cumsum([0] + [len(each) for each in per_row])
    at = np.concatenate([np.empty(0, np.int64), *per_row]).astype(np.int32)
    costs, out = rng.uniform(-50, 100, len(at)), rng.uniform(0, 150, rows)
    if integer:
        costs, out = np.rint(costs / 10), np.rint(out / 10)
    return offsets, at, costs, out


def total(offsets, at, costs, out, edge):
    taken = edge[edge >= 0]
    assert len(set(at[taken])) == len(taken), "a column is taken twice"
    rows = np.flatnonzero(edge >= 0)
    assert ((offsets[rows] <= taken) & (taken < offsets[rows + 1])).all(), "an edge of another row"
    return costs[taken].sum() + out[edge < 0].sum()


def brute_force(offsets, at, costs, out):
    choices = [[-1, *range(offsets[i], offsets[i + 1])] for i in range(len(out))]
    best = np.inf
    for pick in product(*choices):
        used = [at[e] for e in pick if e >= 0]
        if len(set(used)) == len(used):
            best = min(best, sum(costs[e] if e >= 0 else out[i] for i, e in enumerate(pick)))
    return best


def by_scipy(offsets, at, costs, out, columns):
    n = len(out)
    shift = 1_000.0  # scipy drops zero weights; every row takes exactly one edge, so a shift changes nothing
    rows = np.r_[np.repeat(np.arange(n), np.diff(offsets)), np.arange(n)]
    to = np.r_[at, columns + np.arange(n)]
    matrix = csr_array((np.r_[costs, out] + shift, (rows, to)), shape=(n, columns + n))
    return matrix[min_weight_full_bipartite_matching(matrix)].sum() - shift * n


@pytest.mark.parametrize("integer", [False, True])
def test_small_instances_against_brute_force(integer):
    rng = np.random.default_rng(1)
    for _ in range(150):
        columns = int(rng.integers(1, 7))
        data = sparse(rng, int(rng.integers(1, 7)), columns, 4, integer=integer)
        assert total(*data, assign(*data, column_count=columns)) == pytest.approx(brute_force(*data))


@pytest.mark.parametrize("integer", [False, True])
def test_a_thousand_sparse_instances_against_scipy(integer):
    rng = np.random.default_rng(2)
    for i in range(500):
        rows, columns = int(rng.integers(1, 60)), int(rng.integers(1, 60))  # every second one a shortage
        data = sparse(rng, rows, columns, 8, integer=integer)
        ours = total(*data, assign(*data, column_count=columns))
        assert ours == pytest.approx(by_scipy(*data, columns), abs=1e-6), f"instance {i}"


def test_large_shortage_with_forbidding_price_serves_as_many_as_possible():
    rng = np.random.default_rng(3)
    rows, columns = 400, 250
    offsets, at, costs, _ = sparse(rng, rows, columns, 12, integer=False)
    out = np.full(rows, 1e7)
    data = (offsets, at, costs, out)
    ours = total(*data, assign(*data, column_count=columns))
    assert ours == pytest.approx(by_scipy(*data, columns), rel=1e-12)


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10**6), rows=st.integers(1, 25), columns=st.integers(1, 25))
def test_numbering_of_columns_does_not_matter(seed, rows, columns):
    rng = np.random.default_rng(seed)
    offsets, at, costs, out = sparse(rng, rows, columns, 6, integer=True)
    renamed = rng.permutation(columns)[at].astype(np.int32)
    before = assign(offsets, at, costs, out, column_count=columns)
    assert np.array_equal(before, assign(offsets, renamed, costs, out, column_count=columns))


def test_rows_without_edges_and_no_rows_at_all():
    none = np.empty(0)
    assert len(assign(np.zeros(1, np.int64), none.astype(np.int32), none, none, column_count=5)) == 0
    edge = assign(
        np.array([0, 0, 1]), np.array([0], np.int32), np.array([3.0]), np.ones(2) * 9, column_count=1
    )
    assert edge.tolist() == [-1, 0]


def test_parallel_edges_and_negative_costs():
    edge = assign(
        np.array([0, 2]), np.array([0, 0], np.int32), np.array([-1.0, -5.0]), np.zeros(1), column_count=1
    )
    assert edge.tolist() == [1]


def test_inputs_are_not_modified():
    data = sparse(np.random.default_rng(4), 30, 20, 5, integer=False)
    before = [array.copy() for array in data]
    for array in data:
        array.setflags(write=False)
    assign(*data, column_count=20)
    assert all(np.array_equal(a, b) for a, b in zip(before, data, strict=True))


@pytest.mark.parametrize(
    ("columns", "costs", "out"),
    [
        ([9], [1.0], [1.0]),
        ([-1], [1.0], [1.0]),
        ([0], [np.nan], [1.0]),
        ([0], [1.0], [np.inf]),
        ([0], [1.0], []),
    ],
)
def test_unusable_input_is_refused(columns, costs, out):
    with pytest.raises(ValueError, match=r"must be|do not fit"):
        assign(np.array([0, 1]), np.array(columns, np.int32), np.array(costs), np.array(out), column_count=2)
