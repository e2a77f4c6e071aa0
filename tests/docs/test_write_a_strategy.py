"""docs/write-a-strategy.md does what it says: its code runs, its strategy conforms and simulates."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from matching.conformance import CHECKS, check_strategy
from matching.registry import load_strategy

PAGE = Path(__file__).parents[2] / "docs" / "write-a-strategy.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)
STRATEGY = next(block for block in BLOCKS if block.startswith("# my_module.py"))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty current folder with the page's module in it, as a user has it."""
    (tmp_path / "my_module.py").write_text(STRATEGY, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    sys.modules.pop("my_module", None)


def test_the_strategy_is_about_twenty_lines():
    body = [
        line
        for line in STRATEGY.splitlines()
        if line.strip() and not line.startswith(("#", "import", "from"))
    ]
    assert len(body) <= 20


def test_it_loads_by_module_and_class_and_conforms(folder):
    strategy = load_strategy("my_module:MyStrategy", {"candidates": 10})
    assert strategy.name == "soonest"
    assert check_strategy(strategy) == list(CHECKS)


def test_the_conformance_command_passes_from_the_users_folder(folder):
    command = [sys.executable, "-m", "matching.conformance", "my_module:MyStrategy"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("pass") == len(CHECKS)


@pytest.mark.parametrize("block", [b for b in BLOCKS if b is not STRATEGY], ids=lambda b: b.splitlines()[0])
def test_every_other_block_runs(folder, block):
    (folder / "block.py").write_text(block, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "block.py"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_it_runs_in_the_simulator(folder):
    program = shutil.which(
        "dispatchlab", path=str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"]
    )
    assert program, "the dispatchlab command is not installed"
    command = [program, "run", "quickstart", "--strategy", "my_module:MyStrategy", "--set", "hours=0.1"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
