"""docs/matching-library.md and the example service do what they say."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from matching._records import DRIVER_MAY, DRIVER_NEEDS, ORDER_MAY, ORDER_NEEDS
from matching.window import make_window

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "matching-library.md").read_text(encoding="utf-8")
SERVICE = ROOT / "examples" / "service.py"


def serve(asked: str) -> list[dict]:
    command = [sys.executable, str(SERVICE)]
    done = subprocess.run(command, cwd=ROOT, input=asked, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def window():
    return json.loads((ROOT / "examples" / "window.json").read_text(encoding="utf-8"))


def test_the_service_gives_every_order_a_driver_who_may_have_it(window):
    (answer,) = serve(json.dumps(window))
    assert set(answer["assignments"]) == {"o1", "o2", "o3"}
    assert answer["assignments"]["o3"] != "ann"  # who declined it
    assert answer["waiting"] == []
    for driver, stops in answer["routes"].items():
        picked_up = [order for kind, order in stops if kind == "pickup"]
        assert picked_up == [o for o in picked_up if answer["assignments"][o] == driver]


def test_the_service_answers_line_by_line(window):
    nobody = {**window, "drivers": [], "orders": window["orders"][:3]}
    first, second = serve(f"{json.dumps(nobody)}\n{json.dumps(window)}\n")
    assert first["waiting"] == ["o3", "o1", "o2"]
    assert len(second["assignments"]) == 3


def test_the_service_is_about_thirty_lines_and_imports_matching_alone():
    text = SERVICE.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 35
    modules = [node.module or "" for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    ours = {name.split(".")[0] for name in modules if (ROOT / name.split(".")[0]).is_dir()}
    assert ours == {"matching"}


def test_the_page_runs(capsys):
    for block in re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S):
        exec(compile(block, "matching-library.md", "exec"), {})
    assert "'o1': 'ann'" in capsys.readouterr().out


@pytest.mark.parametrize("key", [*ORDER_NEEDS, *ORDER_MAY, *DRIVER_NEEDS, *DRIVER_MAY])
def test_every_key_of_a_record_is_documented(key):
    assert re.search(rf"^\|.*`{key}`.*\|", PAGE, re.M)


def test_the_docstring_points_to_the_page():
    assert "docs/matching-library.md" in (make_window.__doc__ or "")
