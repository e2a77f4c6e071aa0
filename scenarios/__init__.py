"""Scenario files and the readers of recorded days.

    from scenarios import load_scenario
    scenario = load_scenario("quickstart", ["hours=0.5", "drivers=40"])

Keys, defaults and valid values are listed in docs/scenarios.md.
"""

from scenarios.codec import from_dict, scenario_hash, to_dict
from scenarios.data import data_dir, resolve
from scenarios.loader import load_scenario, scenario_names, scenario_path
from scenarios.sweep import Point, Varied, folder_name, grid, read_varied
from scenarios.traces import read_trace

__all__ = [
    "Point",
    "Varied",
    "data_dir",
    "folder_name",
    "from_dict",
    "grid",
    "load_scenario",
    "read_trace",
    "read_varied",
    "resolve",
    "scenario_hash",
    "scenario_names",
    "scenario_path",
    "to_dict",
]
