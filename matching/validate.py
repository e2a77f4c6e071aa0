"""Is a decision feasible? Asked by the match service for every window, and by the conformance checks."""

from __future__ import annotations

import numpy as np
from numba import njit

from matching.contract import Decision, Snapshot, Strategy
from matching.routes import DROPOFF, PICKUP
from matching.snapshot import frozen

MOST_PROBLEMS = 20
_INT8, _INT32, _INT64 = np.dtype(np.int8), np.dtype(np.int32), np.dtype(np.int64)

_TEXTS = (
    "order {0} goes to driver {1}, who is not on the driver axis",
    "order {0} is accepted and must keep driver {1}",
    "order {0} goes to driver {1}, who is not among its candidates",
    "driver {0} gets more orders than the vehicle holds, {1} in all",
    "driver {0} already has work, and the strategy does not bundle",
    "driver {0} gets a second route, or is not on the driver axis",
    "the route of driver {0} has order {1}, which the driver does not carry",
    "the route of driver {0} has a stop of order {1} twice, or one that is done",
    "the route of driver {0} drops order {1} off before picking it up",
    "the route of driver {0} misses a stop of order {1}",
    "the route of driver {0} has more on board than the vehicle holds, {1} orders",
    "the route of driver {0} has a stop of unknown kind or order at place {1}",
    "route_offsets must ascend from 0 to the number of stops",
    "the route of driver {0} picks up order {1} in the middle of another trip",
    "the route of driver {0} puts off order {1}, for which the driver is bound",
    "driver {0} is sent to node {1}, but has orders, is sent twice, or nobody may wait there",
)
(
    _NO_DRIVER,
    _MOVED,
    _NO_CANDIDATE,
    _OVERLOAD,
    _NO_BUNDLES,
    _ROUTE_TWICE,
    _FOREIGN,
    _TWICE,
    _BEFORE,
    _MISSING,
    _ON_BOARD,
    _UNKNOWN,
    _OFFSETS,
    _MID_TRIP,
    _PUT_OFF,
    _MOVE,
) = range(len(_TEXTS))


def check_decision(snapshot: Snapshot, decision: Decision, strategy: Strategy) -> list[str]:
    """Return what makes a decision infeasible, one line each, empty when it is feasible; at most 20 lines.

    Open orders may only go to their candidates; accepted orders keep their driver (with `reassigns`, those
    not pinned may move to another one); nobody gets more orders than the vehicle holds, carried and
    accepted together; without `bundles` only idle drivers get one order each. A route holds exactly the stops
    that its driver owes, pickups before drop-offs, and never has more on board than the vehicle holds; in a
    market `by_trips`, it holds whole trips, one after the other. A driver who is over capacity already may
    stay so, but gets nothing more. Only drivers without any order are sent to wait, to where they may.
    O(orders + drivers + stops); about 10 us for a small window.
    """
    problems = _check_arrays(snapshot, decision)
    if problems:
        return problems
    found = _check(
        frozen(decision.driver, _INT32),
        snapshot.order_driver,
        snapshot.order_restaurant,
        snapshot.order_is_picked_up,
        snapshot.order_is_pinned,
        snapshot.candidate_offsets,
        snapshot.candidate_driver,
        snapshot.driver_load,
        snapshot.driver_capacity,
        frozen(decision.route_driver, _INT32),
        frozen(decision.route_offsets, _INT64),
        frozen(decision.route_order, _INT32),
        frozen(decision.route_kind, _INT8),
        strategy.bundles,
        strategy.reassigns,
        snapshot.by_trips,
        snapshot.wait_node,
        frozen(decision.move_driver, _INT32),
        frozen(decision.move_node, _INT32),
    )
    return [_TEXTS[code].format(a, b) for code, a, b in found]


def _check_arrays(snapshot: Snapshot, decision: Decision) -> list[str]:
    """Return what is wrong with dtypes and shapes."""
    arrays = (
        ("driver", decision.driver, _INT32, snapshot.orders),
        ("route_driver", decision.route_driver, _INT32, len(decision.route_driver)),
        ("route_offsets", decision.route_offsets, _INT64, len(decision.route_driver) + 1),
        ("route_order", decision.route_order, _INT32, len(decision.route_order)),
        ("route_kind", decision.route_kind, _INT8, len(decision.route_order)),
        ("move_driver", decision.move_driver, _INT32, len(decision.move_driver)),
        ("move_node", decision.move_node, _INT32, len(decision.move_driver)),
    )
    return [
        f"{name} must be {dtype} [{size}], not {getattr(array, 'dtype', type(array).__name__)} "
        f"{list(np.shape(array))}"
        for name, array, dtype, size in arrays
        if not isinstance(array, np.ndarray) or array.dtype != dtype or array.shape != (size,)
    ]


@njit(cache=True, nogil=True, error_model="numpy")
def _check(  # type: ignore[no-untyped-def]  # numba
    driver, old_driver, restaurant, is_picked_up, is_pinned, offsets, candidates, load, capacity,
    route_driver, route_offsets, route_order, route_kind, bundles, reassigns, by_trips,
    wait_node, move_driver, move_node,
):  # fmt: skip
    """Return the violations: (text, argument, argument)."""
    found = [(0, 0, 0)]  # tells numba what the list holds
    found.pop()
    _check_offsets(found, route_offsets, len(route_order))
    if not found:
        _check_orders(found, driver, old_driver, is_pinned, offsets, candidates, len(load), reassigns)
    if not found:
        _check_loads(found, driver, old_driver, load, capacity, bundles)
    if not found:
        _check_routes(
            found, driver, is_picked_up, capacity, route_driver, route_offsets, route_order, route_kind
        )
    if not found and len(move_driver) > 0:
        _check_moves(found, driver, len(load), wait_node, move_driver, move_node)
    if not found and by_trips:
        _check_trips(
            found, restaurant, is_picked_up, is_pinned, route_driver, route_offsets, route_order, route_kind
        )
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def _check_offsets(found, route_offsets, stops):  # type: ignore[no-untyped-def]  # numba
    is_good = route_offsets[0] == 0 and route_offsets[-1] == stops
    for r in range(len(route_offsets) - 1):
        is_good &= route_offsets[r] <= route_offsets[r + 1]
    if not is_good:
        found.append((_OFFSETS, 0, 0))


@njit(cache=True, nogil=True, error_model="numpy")
def _check_orders(  # type: ignore[no-untyped-def]  # numba
    found, driver, old_driver, is_pinned, offsets, candidates, m, reassigns
):
    open_orders = len(offsets) - 1
    for i in range(len(driver)):
        d = driver[i]
        if len(found) >= MOST_PROBLEMS:
            return
        if i < open_orders and d == -1:
            continue
        if d < 0 or d >= m:
            found.append((_NO_DRIVER, i, int(d)))
        elif i >= open_orders:
            if d != old_driver[i] and (is_pinned[i] or not reassigns):
                found.append((_MOVED, i, int(old_driver[i])))
        else:
            is_candidate = False
            for c in range(offsets[i], offsets[i + 1]):
                is_candidate |= candidates[c] == d
            if not is_candidate:
                found.append((_NO_CANDIDATE, i, int(d)))


@njit(cache=True, nogil=True, error_model="numpy")
def _check_loads(found, driver, old_driver, load, capacity, bundles):  # type: ignore[no-untyped-def]  # numba
    new_load, gained = load.astype(np.int64), np.zeros(len(load), np.int64)
    for i in range(len(driver)):
        if driver[i] != old_driver[i]:
            new_load[driver[i]] += 1
            gained[driver[i]] += 1
            if old_driver[i] >= 0:
                new_load[old_driver[i]] -= 1
    for d in range(len(load)):
        if len(found) >= MOST_PROBLEMS:
            return
        if gained[d] > 0 and new_load[d] > capacity[d]:
            found.append((_OVERLOAD, d, new_load[d]))
        elif not bundles and gained[d] > 0 and new_load[d] > 1:
            found.append((_NO_BUNDLES, d, new_load[d]))


@njit(cache=True, nogil=True, error_model="numpy")
def _check_routes(  # type: ignore[no-untyped-def]  # numba
    found, driver, is_picked_up, capacity, route_driver, route_offsets, route_order, route_kind
):
    n, m = len(driver), len(capacity)
    route_of, on_board = np.full(m, -1, np.int64), np.zeros(m, np.int64)
    for r in range(len(route_driver)):
        d = route_driver[r]
        if d < 0 or d >= m or route_of[d] >= 0:
            found.append((_ROUTE_TWICE, int(d), 0))
            return
        route_of[d] = r
    for i in range(n):
        if driver[i] >= 0:
            on_board[driver[i]] += is_picked_up[i]
    is_in, is_out = is_picked_up.copy(), np.zeros(n, np.bool_)
    for r in range(len(route_driver)):
        d = route_driver[r]
        most = max(int(capacity[d]), on_board[d])
        for s in range(route_offsets[r], route_offsets[r + 1]):
            if len(found) >= MOST_PROBLEMS:
                return
            i, kind = route_order[s], route_kind[s]
            if i < 0 or i >= n or (kind != PICKUP and kind != DROPOFF):
                found.append((_UNKNOWN, int(d), s - route_offsets[r]))
            elif driver[i] != d:
                found.append((_FOREIGN, int(d), int(i)))
            elif is_out[i] or (kind == PICKUP and is_in[i]):
                found.append((_TWICE, int(d), int(i)))
            elif kind == PICKUP:
                is_in[i] = True
                on_board[d] += 1
                if on_board[d] > most:
                    found.append((_ON_BOARD, int(d), on_board[d]))
            elif not is_in[i]:
                found.append((_BEFORE, int(d), int(i)))
            else:
                is_out[i] = True
                on_board[d] -= 1
    for i in range(n):
        d = driver[i]
        if d >= 0 and route_of[d] >= 0 and not is_out[i] and len(found) < MOST_PROBLEMS:
            found.append((_MISSING, int(d), int(i)))


@njit(cache=True, nogil=True, error_model="numpy")
def _check_trips(  # type: ignore[no-untyped-def]  # numba
    found, restaurant, is_picked_up, is_pinned, route_driver, route_offsets, route_order, route_kind
):
    """Every pickup comes before any drop-off of its trip, beside pickups at the same restaurant only."""
    for r in range(len(route_driver)):
        on_board, dropped, before = 0, False, -1  # the latest stop's order, if that was a pickup
        for s in range(route_offsets[r], route_offsets[r + 1]):
            on_board += route_kind[s] == DROPOFF and is_picked_up[route_order[s]]
        for s in range(route_offsets[r], route_offsets[r + 1]):
            i = route_order[s]
            if route_kind[s] == DROPOFF:
                on_board, dropped, before = on_board - 1, True, -1
                continue
            if is_pinned[i] and dropped and len(found) < MOST_PROBLEMS:
                found.append((_PUT_OFF, int(route_driver[r]), int(i)))
            if on_board > 0 and (before < 0 or restaurant[before] != restaurant[i]):
                if len(found) < MOST_PROBLEMS:
                    found.append((_MID_TRIP, int(route_driver[r]), int(i)))
                break
            on_board, before = on_board + 1, i


@njit(cache=True, nogil=True, error_model="numpy")
def _check_moves(found, driver, m, wait_node, move_driver, move_node):  # type: ignore[no-untyped-def]  # numba
    has_work = np.zeros(m, np.bool_)
    for d in driver:
        if d >= 0:
            has_work[d] = True
    for k in range(len(move_driver)):
        d, is_place = move_driver[k], False
        for node in wait_node:
            is_place |= node == move_node[k]
        if d < 0 or d >= m or has_work[d] or not is_place:
            found.append((_MOVE, int(d), int(move_node[k])))
            return
        has_work[d] = True
