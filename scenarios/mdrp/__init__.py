"""The Meal Delivery Routing Problem (MDRP): public instances, solutions, their rules and their metrics.

    from scenarios.mdrp import find_instances, metrics, read_instance, read_solution, violations
    instance = read_instance(find_instances(root, "0o100*")[0])
    solution = read_solution(folder, instance)
    broken = violations(instance, solution)  # empty: every rule is kept
    metrics(instance, solution)["ctd_min"]

Reyes, Erera, Savelsbergh, Sahasrabudhe and O'Neil, "The Meal Delivery Routing Problem" (2018). Files, rules
and metrics are described in docs/mdrp.md. All times are whole minutes, all places whole metres on a plane.
"""

from scenarios.mdrp.instance import Instance, Variant, find_instances, parse_name, read_instance
from scenarios.mdrp.metrics import metrics
from scenarios.mdrp.solution import Solution
from scenarios.mdrp.solution_files import read_solution, write_solution
from scenarios.mdrp.violations import violations

__all__ = [
    "Instance",
    "Solution",
    "Variant",
    "find_instances",
    "metrics",
    "parse_name",
    "read_instance",
    "read_solution",
    "violations",
    "write_solution",
]
