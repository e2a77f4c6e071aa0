"""`dispatchlab gate` as a user types it."""

from __future__ import annotations

import json

import pytest

import cli


@pytest.fixture
def gate(monkeypatch, tmp_path, capsys):
    """Return a caller of `dispatchlab gate WORDS`: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["dispatchlab", "gate", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return call


@pytest.fixture
def folders(make):
    """Run folders by name: good ones, slow ones."""
    return {
        name: [str(run.path) for run in make(units=units)] for name, units in (("good", 1e3), ("slow", 2e3))
    }


@pytest.fixture
def updated(gate, folders):
    assert gate("update", "--baseline", "new/ci.json", *folders["good"])[0] == 0


@pytest.mark.usefixtures("updated")
def test_zero_for_a_pass_and_one_for_a_regression(gate, folders):
    code, out, _ = gate("--baseline", "new/ci.json", *folders["good"])
    assert code == 0
    assert "passed" in out
    code, out, _ = gate("--baseline", "new/ci.json", *folders["slow"])
    assert code == 1
    assert "failed: 1 regression" in out
    assert "+100.0 %" in out


@pytest.mark.usefixtures("updated")
def test_the_word_check_may_be_said_and_options_may_come_last(gate, folders):
    assert gate("check", "--baseline", "new/ci.json", *folders["good"])[0] == 0
    assert gate(*folders["good"], "--baseline", "new/ci.json")[0] == 0


@pytest.mark.usefixtures("updated")
def test_folders_of_runs_will_do(gate, make, tmp_path):
    assert gate("--baseline", "new/ci.json", "runs", "--only", "quality")[0] == 0  # good and slow, as repeats


@pytest.mark.usefixtures("updated")
def test_markdown_goes_to_a_file_or_to_standard_output_alone(gate, folders, tmp_path):
    code, out, _ = gate("--baseline", "new/ci.json", "--markdown", "out/gate.md", *folders["slow"])
    text = (tmp_path / "out" / "gate.md").read_text(encoding="utf-8")
    assert code == 1
    assert "│" in out
    assert text.startswith("## ❌ synthetic-dinner: failed: 1 regression")
    assert (
        "| batch + multi_factor | CPU time | 1,000 units | 2,000 units | +100.0 % | 6.0 % | ❌ worse |"
        in text
    )
    assert gate("--baseline", "new/ci.json", "--markdown", "-", *folders["slow"])[1] == text


@pytest.mark.usefixtures("updated")
def test_an_update_keeps_edited_tolerances(gate, folders, tmp_path):
    path = tmp_path / "new" / "ci.json"
    data = json.loads(path.read_text())
    data["speed"]["all_pct"] = 150.0
    path.write_text(json.dumps(data))
    assert gate("--baseline", "new/ci.json", *folders["slow"])[0] == 0
    assert gate("update", "--baseline", "new/ci.json", *folders["slow"])[0] == 0
    after = json.loads(path.read_text())
    assert after["speed"]["all_pct"] == 150.0
    assert after["runs"]["batch + multi_factor"]["1"]["units"] == 2000.0


@pytest.mark.usefixtures("updated")
@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--baseline", "no.json", "runs"), "no.json: cannot read this baseline"),
        (("--baseline", "new/ci.json", "nowhere"), "nowhere: no such run folder"),
        (("--baseline", "new/ci.json"), "Missing argument 'runs'"),
        (("runs",), "Missing option '--baseline'"),
        (
            ("--baseline", "new/ci.json", "--only", "sped", "runs"),
            "unknown part for --only 'sped'; did you mean 'speed'?",
        ),
        (
            ("--baseline", "new/ci.json", "runs/1"),
            "no run of batch + multi_factor, seed 2, which new/ci.json has",
        ),
        (("update", "--baseline", "runs/1/run.json", "runs"), "runs/1/run.json: "),
    ],
)
def test_wrong_input_gets_one_line_and_exit_code_two(gate, words, line):
    code, out, err = gate(*words)
    assert code == 2
    assert out == ""
    assert line in err
    assert len(err.splitlines()) == 1


def test_a_broken_baseline_is_not_overwritten(gate, folders, tmp_path):
    (tmp_path / "ci.json").write_text("mine")
    code, _, err = gate("update", "--baseline", "ci.json", *folders["good"])
    assert code == 2
    assert "ci.json: not readable as JSON" in err
    assert (tmp_path / "ci.json").read_text() == "mine"
