"""`dispatchlab city`: import, list and show cities."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from lab.cities import open_known_city
from lab.console import say, screen
from roads.city import City
from roads.importing import import_city
from roads.library import list_cities
from scenarios import data_dir

app = typer.Typer(no_args_is_help=True, help="Import, list and show cities.")


@app.command("import")
def city_import(
    source: Annotated[str, typer.Argument(help="Road file, place:NAME or builtin:NAME.")],
    out: Annotated[Path | None, typer.Option(help="File to write, instead of NAME.city here.")] = None,
    pois: Annotated[Path | None, typer.Option(help="OSM file with restaurants and addresses.")] = None,
    crs: Annotated[str | None, typer.Option(help="Coordinates of a MATSim network, as EPSG:26743.")] = None,
    service_roads: Annotated[bool, typer.Option(help="Keep service roads.")] = False,
) -> None:
    """Compile a road source into a city file."""
    city = import_city(source, pois=pois, crs=crs, service_roads=service_roads)
    path = out or Path(f"{city.name}.city")
    city.save(path)
    screen.print(_city_table(city))
    screen.print(str(path), soft_wrap=True, highlight=False)


@app.command("list")
def city_list() -> None:
    """List the cities at hand: built in, in the data folder, compiled."""
    table = Table("city", "kind")
    for entry in list_cities(data_dir=data_dir()):
        table.add_row(entry.spec, entry.kind)
    screen.print(table)


@app.command("show")
def city_show(spec: Annotated[str, typer.Argument(help="As in a scenario's city.source.")]) -> None:
    """Show what a city holds and where it comes from."""
    screen.print(_city_table(open_known_city(spec, progress=say)))


def _city_table(city: City) -> Table:
    table = Table(city.name, "", title_justify="left")
    rows = {
        "nodes": city.node_count,
        "edges": city.edge_count,
        "restaurants": city.restaurant_count,
        "homes": city.home_count,
        "content hash": city.content_hash,
        **city.provenance,
    }
    for key, value in rows.items():
        table.add_row(key, str(value))
    return table
