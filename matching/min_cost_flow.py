"""`MinCostFlow`: every window as a flow from orders to drivers, several orders per driver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from domain.errors import ContractError
from domain.registry import check_parameters, param
from domain.units import FloatArray, IntArray
from matching._extras import require
from matching.contract import Decision, Snapshot
from matching.objective import Objective, parse_objective
from matching.pairs import Pairs, price_pairs, priced, unassigned_costs, with_pairs
from matching.routes import planned, route_columns

UNITS_PER_S = 100.0
"""The flow's costs are whole numbers: hundredths of a second, rounded."""


@dataclass(frozen=True, kw_only=True)
class MinCostFlow:
    """Solve each window as a min-cost flow in which a driver may take several new orders.

    One unit flows out of each open order o: to a candidate driver d at the pair's cost c(o, d), as in
    `matching.batch`, and on to the sink; or to the sink at once, at the cost of waiting. The k-th unit
    through a driver costs (k - 1) x `stack_penalty_s` more, a convex cost, so unit arcs carry it:

        min sum c(o, d) x(o, d) + sum over drivers, k of (k - 1) penalty y(d, k) + sum out(o) z(o)

    A driver takes at most as many as `max_load` and the capacity leave room for. The flow's total is least
    (OR-tools' cost-scaling push-relabel; Goldberg and Tarjan, "Finding minimum-cost circulations by
    successive approximation", Mathematics of Operations Research 15, 1990), costs rounded to 1/100 s. But it
    is a model: what two orders cost together on one route is known only when both are put there. That is done
    in turn, the food that is ready first going first, each where the route's cost grows least; an
    order which turns out dearer there than to wait, and may wait, does. Hence `exact` is False. Ties: some
    fixed choice.
    """

    name: ClassVar[str] = "min_cost_flow"
    summary: ClassVar[str] = "least total cost over each window, several new orders per driver (OR-tools)"
    bundles: ClassVar[bool] = True
    exact: ClassVar[bool] = False
    reassigns: ClassVar[bool] = False

    window_s: float = param(10.0, "seconds between decisions", at_least=0)
    candidates: int = param(50, "drivers considered per order", at_least=1)
    radius_m: float = param(5_000.0, "how far from the restaurant drivers are considered", at_least=1)
    objective: str = param(
        "click_to_door + lateness + 0.1*driver_time + 0.4*driving", "weights of `matching.objective`'s terms"
    )
    max_load: int = param(
        3, "orders a driver may have at once, never above the vehicle's capacity", at_least=1
    )
    stack_penalty_s: float = param(
        300.0, "what each further new order of one driver costs more than the one before", at_least=0
    )
    wait_margin_s: float = param(60.0, "how much worse than its best pair an order takes at once", at_least=0)
    max_wait_s: float = param(20.0, "an order that would wait longer than this is given away now", at_least=0)

    def __post_init__(self) -> None:
        check_parameters(self)
        parse_objective(self.objective)

    def __call__(self, snapshot: Snapshot, rng: np.random.Generator) -> Decision:  # noqa: ARG002  # the contract's signature
        """Decide; draws no random numbers."""
        objective = parse_objective(self.objective)
        pairs = price_pairs(
            snapshot,
            planned(snapshot),
            load=snapshot.driver_load,
            objective=objective,
            max_load=self.max_load,
        )
        out = unassigned_costs(snapshot, pairs, wait_margin_s=self.wait_margin_s, max_wait_s=self.max_wait_s)
        most = np.minimum(snapshot.driver_capacity, self.max_load)
        edge = flow_assign(
            pairs.offsets,
            pairs.driver,
            pairs.costs,
            out,
            room=np.maximum(most - snapshot.driver_load, 0),
            penalty=self.stack_penalty_s,
        )
        return _insert_in_turn(snapshot, pairs, edge, out, objective)


def flow_assign(
    offsets: IntArray,
    columns: IntArray,
    costs: FloatArray,
    unassigned_costs: FloatArray,
    *,
    room: IntArray,
    penalty: float,
) -> IntArray:
    """Return the edge taken per row, int64 [n], -1 for none, of the least total.

    Rows, edges and their costs as in `matching.assignment.assign`; column j takes up to ``room[j]`` rows,
    the k-th at (k - 1) x `penalty` >= 0 more. Costs are rounded to 1/`UNITS_PER_S`.

    Raises:
        UserError: OR-tools is not installed.
        ContractError: OR-tools finds no optimum (costs too large).
    """
    n = len(unassigned_costs)
    edge = np.full(n, -1, np.int64)
    if len(columns) == 0:
        return edge
    used, column = _by_first_appearance(columns)
    slots = room[used]
    slot_of = np.repeat(np.arange(len(used)), slots)
    rank = np.arange(len(slot_of)) - np.repeat(np.cumsum(slots) - slots, slots)
    row = np.repeat(np.arange(n), np.diff(offsets))
    sink = n + len(used)
    flow = require("ortools.graph.python.min_cost_flow", "strategy 'min_cost_flow'").SimpleMinCostFlow()
    arcs = flow.add_arcs_with_capacity_and_unit_cost(
        np.r_[row, np.arange(n), n + slot_of].astype(np.int32),
        np.r_[n + column, np.full(n + len(slot_of), sink)].astype(np.int32),
        np.ones(len(row) + n + len(slot_of), np.int64),
        np.rint(np.r_[costs, unassigned_costs, penalty * rank] * UNITS_PER_S).astype(np.int64),
    )
    flow.set_nodes_supplies(
        np.arange(sink + 1, dtype=np.int32), np.r_[np.ones(n), np.zeros(len(used)), -n].astype(np.int64)
    )
    _solve(flow)
    taken = np.flatnonzero(flow.flows(arcs[: len(row)]))
    edge[row[taken]] = taken
    return edge


def _solve(flow: Any) -> None:
    status = flow.solve()
    if status != flow.OPTIMAL:
        raise ContractError(f"OR-tools finds no optimal flow: {status.name}")


def _by_first_appearance(columns: IntArray) -> tuple[IntArray, IntArray]:
    """Return the columns in use, by first appearance, and each edge's place among them.

    So that how columns are numbered has no influence on which of several optimal flows is found.
    """
    used, first, place = np.unique(columns, return_index=True, return_inverse=True)
    by_first = np.argsort(first)
    rank = np.empty(len(used), np.int64)
    rank[by_first] = np.arange(len(used))
    return used[by_first], rank[place]


def _insert_in_turn(
    snapshot: Snapshot, pairs: Pairs, edge: IntArray, out: FloatArray, objective: Objective
) -> Decision:
    """Put the orders of the pairs `edge` [open_orders] into routes, one per driver and turn."""
    plans, driver = pairs.plans, snapshot.order_driver.copy()
    load = snapshot.driver_load.astype(np.int64)
    order = np.flatnonzero(edge >= 0)
    order = order[np.argsort(snapshot.order_ready_s_est[order], kind="stable")]
    who = pairs.driver[edge[order]]
    while len(order):
        _, now = np.unique(who, return_index=True)
        turn = now[np.argsort(order[now])]
        asked = priced(snapshot, plans, order[turn], who[turn], objective=objective)
        taken = np.flatnonzero(asked.costs <= out[asked.order])
        plans = with_pairs(asked, taken)
        driver[asked.order[taken]] = asked.driver[taken]
        load[asked.driver[taken]] += 1
        order, who = np.delete(order, now), np.delete(who, now)
    gained = load > snapshot.driver_load
    return Decision(driver=driver, **route_columns(plans, np.flatnonzero(gained & (load > 1))))
