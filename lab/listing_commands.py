"""`dispatchlab strategies`, `eta` and `scenarios`: what there is to choose from."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated

import typer
from rich.table import Table

from domain.registry import Description
from eta.registry import describe as describe_eta
from eta.registry import eta_model_names, load_eta_model
from lab.console import screen
from lab.options import ScenarioName, SetOption
from matching.registry import describe as describe_strategy
from matching.registry import load_strategy, strategy_names
from scenarios import load_scenario, scenario_names, to_dict

strategies_app = typer.Typer(no_args_is_help=True, help="List and show matching strategies.")
eta_app = typer.Typer(no_args_is_help=True, help="List ETA models.")
scenarios_app = typer.Typer(no_args_is_help=True, help="List and show scenarios.")


@strategies_app.command("list")
def strategies_list() -> None:
    """List the matching strategies."""
    _print_items(describe_strategy(load_strategy(name)) for name in strategy_names())


@strategies_app.command("show")
def strategies_show(name: Annotated[str, typer.Argument(help="id, or module:Class.")]) -> None:
    """Show a strategy's parameters."""
    _print_item(describe_strategy(load_strategy(name)))


@eta_app.command("list")
def eta_list() -> None:
    """List the ETA models."""
    _print_items(describe_eta(load_eta_model(name)) for name in eta_model_names())


@scenarios_app.command("list")
def scenarios_list() -> None:
    """List the scenarios of the library."""
    table = Table("scenario", "what it is")
    for name in scenario_names():
        table.add_row(name, load_scenario(name).description)
    screen.print(table)


@scenarios_app.command("show")
def scenarios_show(scenario: ScenarioName, set_: SetOption = None) -> None:
    """Print a scenario as JSON, every default filled in."""
    print(json.dumps(to_dict(load_scenario(scenario, set_ or ())), indent=2))


def _print_items(items: Iterable[Description]) -> None:
    table = Table("id", "what it does", "flags")
    for item in items:
        table.add_row(item.name, item.summary, ", ".join(f for f, on in item.flags.items() if on is True))
    screen.print(table)


def _print_item(item: Description) -> None:
    screen.print(f"{item.name}: {item.summary}", highlight=False)
    table = Table("parameter", "type", "default", "meaning")
    for each in item.parameters:
        table.add_row(each.name, each.type, str(each.default), each.doc)
    screen.print(table)
