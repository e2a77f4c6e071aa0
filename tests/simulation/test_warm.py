"""Once the rooms' kernels are warm, a run compiles and loads none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
from numba.core.registry import CPUDispatcher
import roads.warm
from eta.registry import load_eta_model
from lab import run_scenario
from lab.warming import compile_once
from matching.registry import load_strategy, strategy_names

def ready():
    found = {}
    for name, module in sorted(sys.modules.items()):
        if name.split(".")[0] in {"adapters", "eta", "matching", "roads", "services", "sim"}:
            for key, value in vars(module).items():
                if isinstance(value, CPUDispatcher):
                    found[f"{value.__module__}.{value.__name__}"] = len(value.signatures)
    return found

load_eta_model("multi_factor")
for name in strategy_names():
    load_strategy(name)
roads.warm.is_compiled = lambda: False  # as on a machine that has never run
compile_once(strategy_names(), None)
before = ready()
for name in strategy_names():
    run_scenario("ci", strategy=name, out=f"{sys.argv[1]}/{name}", with_report=False)
late = {name: count for name, count in ready().items() if count != before.get(name)}
print(len(before), late)
sys.exit(bool(late) or len(before) < 20)
"""


def test_nothing_compiles_within_a_run(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
