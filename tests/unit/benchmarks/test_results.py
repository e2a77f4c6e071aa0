"""The page of what was measured: sections come, stay and are replaced one by one."""

from __future__ import annotations

import pytest

from benchmarks import results
from benchmarks.results import Measurement, NotMeasured, measure, read_sections
from domain.errors import UnknownNameError

TWO = (Measurement(name="roads", title="Roads"), Measurement(name="kafka", title="Bus"))


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "results.md"
    assert measure([], path=path, measurements=TWO, run=lambda each: f"| {each.name} |\n|---|\n| 1 |") == {}
    return path


def test_a_section_says_what_was_typed_and_on_what(page):
    text = read_sections(page)["roads"]
    assert text.startswith("## Roads\n\n`python -m benchmarks.roads`, 2")
    assert "numpy" in text
    assert "cores" in text
    assert text.endswith("| roads |\n|---|\n| 1 |")


def test_one_measurement_rewrites_its_own_section_only(page):
    before = read_sections(page)
    measure(["kafka"], path=page, measurements=TWO, run=lambda each: "42 events/s")
    after = read_sections(page)
    assert after["roads"] == before["roads"]
    assert after["kafka"].endswith("```text\n42 events/s\n```")
    assert list(after) == ["roads", "kafka"]


def test_ctrl_c_keeps_the_sections_that_were_finished(page):
    def interrupted(each):
        if each.name == "kafka":
            raise KeyboardInterrupt
        return "fresh"

    kafka = read_sections(page)["kafka"]
    with pytest.raises(KeyboardInterrupt):
        measure([], path=page, measurements=TWO, run=interrupted)
    after = read_sections(page)
    assert "fresh" in after["roads"]
    assert after["kafka"] == kafka
    assert [path.name for path in page.parent.iterdir()] == ["results.md"]


def test_what_cannot_be_measured_is_left_out_with_the_reason_or_stays(page, tmp_path):
    def refuses(_):
        raise NotMeasured("no broker")

    before = read_sections(page)
    assert measure(["kafka"], path=page, measurements=TWO, run=refuses) == {"kafka": "no broker"}
    assert read_sections(page) == before
    fresh = tmp_path / "fresh.md"
    measure(["kafka"], path=fresh, measurements=TWO, run=refuses)
    assert read_sections(fresh) == {"kafka": "## Bus\n\nLeft out: no broker"}


def test_an_unknown_measurement_names_the_nearest(page):
    with pytest.raises(UnknownNameError, match="did you mean 'roads'"):
        measure(["rods"], path=page, measurements=TWO, run=str)


def test_a_module_that_fails_or_lacks_its_data_says_so(monkeypatch, tmp_path):
    with pytest.raises(NotMeasured, match=r"benchmarks.nothing.* ended with code 1: .*No module named"):
        results.run_apart(Measurement(name="nothing", title=""), str(tmp_path))
    monkeypatch.setenv("DISPATCHLAB_DATA", str(tmp_path / "none"))
    with pytest.raises(NotMeasured, match="needs the data folder"):
        results.run_apart(Measurement(name="roads", title="", needs_data=True), str(tmp_path))


def test_every_measurement_is_a_module_that_exists():
    for each in results.MEASUREMENTS:
        assert (results.ROOT / "benchmarks" / f"{each.name}.py").is_file()


def test_measurements_share_a_folder_for_their_runs(monkeypatch, tmp_path):
    given = []

    def run(measurement, runs):
        given.append((measurement.name, runs))
        return "measured"

    monkeypatch.setattr(results, "run_apart", run)
    two = [Measurement(name=name, title="", arguments=("--out", results.RUNS)) for name in ("one", "two")]
    measure([], path=tmp_path / "page.md", measurements=two)
    (one, folder), (two, same) = given
    assert (one, two) == ("one", "two")
    assert folder == same
    assert "`python -m benchmarks.one --out RUNS`" in (tmp_path / "page.md").read_text(encoding="utf-8")


def test_a_measurement_is_given_the_shared_folder(tmp_path):
    with pytest.raises(NotMeasured, match=f"--limit: invalid int value: '{tmp_path}'"):
        results.run_apart(
            Measurement(name="scale", title="", arguments=("--limit", results.RUNS)), str(tmp_path)
        )
