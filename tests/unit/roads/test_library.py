from __future__ import annotations

from pathlib import Path

import pytest

from domain.errors import CityError
from roads import library
from roads.city import City
from roads.library import default_cache_dir, list_cities, open_city


def test_a_city_is_imported_once(tmp_path: Path) -> None:
    said: list[str] = []
    first = open_city("builtin:riverton", cache_dir=tmp_path, progress=said.append)
    again = open_city("builtin:riverton", cache_dir=tmp_path, progress=said.append)
    assert said == ["importing builtin:riverton (once)"]
    assert again.content_hash == first.content_hash
    assert [entry.kind for entry in list_cities(cache_dir=tmp_path)] == ["builtin", "compiled"]


def test_a_new_importer_imports_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_city("builtin:riverton", cache_dir=tmp_path)
    said: list[str] = []
    monkeypatch.setattr(library, "IMPORTER_VERSION", 99)
    open_city("builtin:riverton", cache_dir=tmp_path, progress=said.append)
    assert len(said) == 1


def test_a_corrupt_cache_entry_is_replaced_and_said(tmp_path: Path) -> None:
    open_city("builtin:riverton", cache_dir=tmp_path)
    (entry,) = (tmp_path / "cities").iterdir()
    entry.write_bytes(entry.read_bytes()[:1000])
    said: list[str] = []
    city = open_city("builtin:riverton", cache_dir=tmp_path, progress=said.append)
    assert "truncated or corrupt" in said[0]
    assert City.load(entry).content_hash == city.content_hash


def test_an_unwritable_cache_is_a_warning_not_a_failure(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    said: list[str] = []
    city = open_city("builtin:riverton", cache_dir=blocker, progress=said.append)
    assert "not cached: cannot write" in said[-1]
    assert "not cached" in city.provenance["warnings"][-1]
    assert city.node_count > 1000


def test_a_compiled_file_opens_under_another_name(tmp_path: Path, riverton: City) -> None:
    riverton.save(tmp_path / "town.city")
    city = open_city("town.city", data_dir=tmp_path, name="other")
    assert city.name == "other"
    assert city.content_hash == riverton.content_hash


def test_a_missing_source_says_what_is_near(tmp_path: Path, riverton: City) -> None:
    riverton.save(tmp_path / "town.city")
    with pytest.raises(CityError, match="cannot read city file"):
        open_city("twon.city", data_dir=tmp_path, cache_dir=tmp_path)
    with pytest.raises(CityError, match="did you mean"):
        open_city("town.osm", data_dir=tmp_path, cache_dir=tmp_path)


def test_the_cache_folder_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DISPATCHLAB_CACHE", str(tmp_path))
    assert default_cache_dir() == tmp_path
    monkeypatch.delenv("DISPATCHLAB_CACHE")
    assert default_cache_dir().name == "dispatchlab"


def test_json_and_xml_of_other_kinds_are_not_listed(tmp_path: Path) -> None:
    (tmp_path / "orders.json").write_text('{"orders": []}')
    (tmp_path / "page.xml").write_text("<html></html>")
    (tmp_path / "broken.xml.gz").write_bytes(b"not gzip")
    (tmp_path / "graph.json").write_text('{"directed": true, "nodes": [], "links": []}')
    listed = [entry.spec for entry in list_cities(data_dir=tmp_path, cache_dir=tmp_path)]
    assert listed == ["builtin:riverton", "graph.json"]


@pytest.mark.data
def test_road_sources_are_listed_and_opened_relative_to_the_data(data_dir: Path, tmp_path: Path) -> None:
    specs = [entry.spec for entry in list_cities(data_dir=data_dir / "osm", cache_dir=tmp_path)]
    assert "columbus_oh/columbus.osm.pbf" in specs
    assert "san_francisco/preparedNetwork.xml.gz" in specs
    city = open_city("osm/columbus_oh/columbus.osm.pbf", data_dir=data_dir, cache_dir=tmp_path)
    assert city.name == "columbus"
    (compiled,) = (tmp_path / "cities").iterdir()
    assert City.load(compiled).content_hash == city.content_hash
