"""Jobs of a group of drivers, improved by the routing solver of OR-tools."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.units import DAY_S, FloatArray
from domain.vehicles import Vehicle
from matching._extras import require
from matching._jobs import Job, JobPlans
from matching.contract import Snapshot
from matching.objective import Objective

COST_SCALE = 20
"""The solver counts in whole units: seconds x weights are multiples of a twentieth."""
HORIZON_S = 4 * 86_400
"""No route is longer."""
_OFF = 2  # BOOL_FALSE of the solver's three-valued switches
_NEVER_S = 1_000_000
"""Time limit of the solver's inner searches, seconds: so long that no clock decides anything."""

_USELESS = (
    "make_active",
    "make_inactive",
    "make_chain_inactive",
    "swap_active",
    "shortest_path_swap_active",
    "swap_active_chain",
    "lin_kernighan",
    "relocate_expensive_chain",
    "global_cheapest_insertion_path_lns",
    "local_cheapest_insertion_path_lns",
    "global_cheapest_insertion_visit_types_lns",
    "local_cheapest_insertion_visit_types_lns",
    "relocate_path_global_cheapest_insertion_insert_unperformed",
)
"""Moves that are tried in vain: every job is on a route, and insertion has been done. A third of the time."""


def routing_solver() -> tuple[Any, Any]:
    """Return OR-tools' routing module and that of its named choices.

    Raises:
        UserError: it is not installed.
    """
    names = ("pywrapcp", "routing_enums_pb2")
    routing, choices = (require(f"ortools.constraint_solver.{name}", "strategy 'vrp'") for name in names)
    return routing, choices


def improved(
    snapshot: Snapshot,
    plans: JobPlans,
    drivers: list[int],
    *,
    objective: Objective,
    room: NDArray[np.int64],
    max_solutions: int,
) -> list[list[Job]] | None:
    """Return better sequences of the jobs of `drivers`, one per driver; None: there is nothing better.

    `room` int64 [m]: orders that a vehicle holds. Local search from the sequences of `plans` down to a local
    optimum, or until `max_solutions` improvements; no clock, no random number. Matrix of
    (jobs + drivers)^2 times.
    """
    model = _Model(snapshot, plans, drivers, objective, room)
    return model.solve(max_solutions)


class _Model:
    """A routing model: nodes are jobs, then the drivers' starts, then one end for all."""

    def __init__(
        self,
        snapshot: Snapshot,
        plans: JobPlans,
        drivers: list[int],
        objective: Objective,
        room: NDArray[np.int64],
    ) -> None:
        self._solver, self._names = routing_solver()
        self._snapshot, self._plans, self._drivers, self._objective = snapshot, plans, drivers, objective
        self._room = room
        self._jobs = [job for driver in drivers for job in plans.jobs[driver]]
        n, m = len(self._jobs), len(drivers)
        self._manager = self._solver.RoutingIndexManager(n + m + 1, m, list(range(n, n + m)), [n + m] * m)
        self._model = self._solver.RoutingModel(self._manager)
        self._add_times()
        self._add_jobs()
        self._add_pairs()
        self._add_loads()

    def solve(self, max_solutions: int) -> list[list[Job]] | None:
        """Return the improved sequences, if any."""
        parameters = self._solver.DefaultRoutingSearchParameters()
        parameters.local_search_metaheuristic = self._names.LocalSearchMetaheuristic.GREEDY_DESCENT
        parameters.solution_limit = max_solutions
        for move in _USELESS:
            setattr(parameters.local_search_operators, f"use_{move}", _OFF)
        parameters.lns_time_limit.seconds = _NEVER_S
        self._model.CloseModelWithParameters(parameters)
        routes, at = [], 0
        for driver in self._drivers:
            routes.append([self._manager.NodeToIndex(at + i) for i in range(len(self._plans.jobs[driver]))])
            at += len(routes[-1])
        start = self._model.ReadAssignmentFromRoutes(routes, True)
        if start is None:
            return None
        answer = self._model.SolveFromAssignmentWithParameters(start, parameters)
        return None if answer is None else [self._route(answer, v) for v in range(len(self._drivers))]

    def _route(self, answer: Any, vehicle: int) -> list[Job]:
        index, jobs = answer.Value(self._model.NextVar(self._model.Start(vehicle))), []
        while not self._model.IsEnd(index):
            jobs.append(self._jobs[self._manager.IndexToNode(index)])
            index = answer.Value(self._model.NextVar(index))
        return jobs

    def _add_times(self) -> None:
        """Add driving as the cost of arcs, time as a dimension, and what the driver's time costs."""
        vehicles = [int(self._snapshot.driver_vehicle[driver]) for driver in self._drivers]
        transit, arcs = {}, {}
        for vehicle in sorted(set(vehicles)):
            ride, lasts = self._rides(vehicle)
            transit[vehicle] = self._matrix(ride + lasts)
            arcs[vehicle] = self._matrix(ride * (self._objective.driving * COST_SCALE))
        for v, vehicle in enumerate(vehicles):
            self._model.SetArcCostEvaluatorOfVehicle(arcs[vehicle], v)
        self._model.AddDimensionWithVehicleTransits(
            [transit[vehicle] for vehicle in vehicles], HORIZON_S, HORIZON_S, False, "time"
        )
        self._time = self._model.GetDimensionOrDie("time")
        weight = _scaled(self._objective.driver_time)
        for v, driver in enumerate(self._drivers):
            free_s = int(np.ceil(self._plans.free_s[driver]))
            self._time.CumulVar(self._model.Start(v)).SetRange(free_s, free_s)
            if weight:
                self._time.SetCumulVarSoftUpperBound(self._model.End(v), 0, weight)

    def _matrix(self, values: FloatArray) -> int:
        return int(self._model.RegisterTransitMatrix(np.rint(values).astype(np.int64).tolist()))

    def _rides(self, vehicle: int) -> tuple[FloatArray, FloatArray]:
        """Return seconds of driving between nodes [size, size] and of each node's job [size, 1]."""
        starts = [self._plans.node[driver] for driver in self._drivers]
        ends_at = np.array([job.ends_at for job in self._jobs] + starts, np.int32)
        begins_at = np.array([job.begins_at for job in self._jobs], np.int32)
        n, size = len(self._jobs), len(ends_at) + 1
        ride, lasts = np.zeros((size, size)), np.zeros((size, 1))
        ride[:-1, :n] = self._snapshot.travel.matrix(
            ends_at, begins_at, at_s=self._snapshot.now_s % DAY_S, vehicle=Vehicle(vehicle)
        )
        lasts[:n, 0] = [job.lasts_s for job in self._jobs]
        return ride, lasts

    def _add_jobs(self) -> None:
        """Add what being late costs, when a job may begin, and who may do it."""
        ends_s = self._shift_ends_s()
        row = {driver: v for v, driver in enumerate(self._drivers)}
        for node, job in enumerate(self._jobs):
            index = self._manager.NodeToIndex(node)
            self._time.CumulVar(index).SetMin(int(np.ceil(job.ready_s)))
            if _scaled(job.weight):
                self._time.SetCumulVarSoftUpperBound(index, 0, _scaled(job.weight))
            allowed = self._allowed(job)
            if len(allowed) < len(self._drivers):
                self._model.VehicleVar(index).SetValues(allowed)  # SetAllowedVehiclesForIndex takes no list
            if job.latest_s < HORIZON_S:
                self._time.CumulVar(index).SetMax(int(np.ceil(job.latest_s)))
            if job.load > 0 and min(ends_s) < HORIZON_S:
                solver, mine = self._model.solver(), row[job.driver]
                by_s = [
                    max(end, int(np.ceil(job.planned_s))) if v == mine else end
                    for v, end in enumerate(ends_s)
                ]
                by = solver.Element(by_s, self._model.VehicleVar(index))
                solver.Add(self._time.CumulVar(index) <= by)

    def _shift_ends_s(self) -> list[int]:
        ends = self._snapshot.driver_shift_end_s[self._drivers] - self._snapshot.now_s
        return [int(min(max(end, 0.0), HORIZON_S)) for end in ends]

    def _allowed(self, job: Job) -> list[int]:
        if job.is_fixed:
            return [self._drivers.index(job.driver)]
        return [
            v
            for v, driver in enumerate(self._drivers)
            if driver == job.driver or job.drivers is None or driver in job.drivers
        ]

    def _add_pairs(self) -> None:
        """Add that who picks up drops off, later: only stops of one job each need it."""
        solver = self._model.solver()
        drops = {job.stops[0][0]: node for node, job in enumerate(self._jobs) if job.load == 0}
        for node, job in enumerate(self._jobs):
            drop = drops.get(job.stops[0][0])
            if job.load == 0 or drop is None:
                continue
            pickup, dropoff = self._manager.NodeToIndex(node), self._manager.NodeToIndex(drop)
            self._model.AddPickupAndDelivery(pickup, dropoff)
            solver.Add(self._model.VehicleVar(pickup) == self._model.VehicleVar(dropoff))
            solver.Add(self._time.CumulVar(pickup) <= self._time.CumulVar(dropoff))

    def _add_loads(self) -> None:
        """Add that a driver has no more orders than the vehicle holds, or than now."""
        loads = [job.load for job in self._jobs] + [0] * (len(self._drivers) + 1)
        evaluator = self._model.RegisterUnaryTransitVector(loads)
        begun = [self._plans.begun[driver] for driver in self._drivers]
        now = [
            count + sum(job.load for job in self._plans.jobs[driver])
            for count, driver in zip(begun, self._drivers, strict=True)
        ]
        room = [max(int(self._room[d]), count) for d, count in zip(self._drivers, now, strict=True)]
        self._model.AddDimensionWithVehicleCapacity(evaluator, 0, room, False, "load")
        load = self._model.GetDimensionOrDie("load")
        for v, count in enumerate(begun):
            load.CumulVar(self._model.Start(v)).SetRange(count, count)


def _scaled(weight: float) -> int:
    return round(weight * COST_SCALE)
