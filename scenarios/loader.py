"""Reading a scenario by name or path."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from domain.errors import ScenarioError, UnknownNameError
from domain.spec import Scenario
from scenarios.check import scenario_of
from scenarios.layers import Layer, read_layer
from scenarios.overrides import override_layer

LIBRARY = Path(__file__).parent / "library"


def scenario_names() -> list[str]:
    """Return the names of the library's scenarios, sorted."""
    return sorted(path.stem for path in LIBRARY.glob("*.toml"))


def scenario_path(name_or_path: str | Path) -> Path:
    """Return the file of a library scenario (bare name) or of a path (ends in `.toml`).

    Raises:
        UnknownNameError: the library has no such name.
        ScenarioError: there is no such file.
    """
    return _find(str(name_or_path), Path())


def load_scenario(
    name_or_path: str | Path, overrides: Sequence[str] = (), *, varied: Sequence[str] = ()
) -> Scenario:
    """Read, merge and check a scenario; `overrides` are ``key=value`` items, later ones win.

    An override of a key that markets inherit holds for every market. `varied` are overrides on top, those of
    one point of a sweep.

    Raises:
        UnknownNameError: the library has no such name.
        ScenarioError: a file or an override cannot be used; the message says where, what and what is valid.
    """
    path = scenario_path(name_or_path)
    layers = _file_layers(path, ())
    layers += [override_layer(item) for item in overrides]
    layers += [override_layer(item, "--vary") for item in varied]
    return scenario_of(layers, path.stem)


def _find(name: str, folder: Path) -> Path:
    if not name.endswith(".toml"):
        if name not in scenario_names():
            raise UnknownNameError("scenario", name, scenario_names())
        return LIBRARY / f"{name}.toml"
    path = folder / name
    if not path.is_file():
        raise ScenarioError(
            f"{path}: no such scenario file; by name there are: {', '.join(scenario_names())}"
        )
    return path


def _file_layers(path: Path, chain: tuple[Path, ...]) -> list[Layer]:
    """Return the layers of a file, those that it extends first."""
    label = path.name if path.parent == LIBRARY else str(path)
    if path.resolve() in chain:
        names = " -> ".join(item.name for item in (*chain, path))
        raise ScenarioError(f"{label}: extends itself: {names}")
    layer = read_layer(path, label)
    base = layer.data.get("extends")
    if base is None:
        return [layer]
    if not isinstance(base, str):
        raise ScenarioError(f"{label}: extends = {base}: must be the name or path of a scenario")
    try:
        parent = _find(base, path.parent)
    except (UnknownNameError, ScenarioError) as error:
        raise ScenarioError(f'{label}: extends = "{base}": {error}') from None
    return [*_file_layers(parent, (*chain, path.resolve())), layer]
