"""The figures of a report, by name: what each shows, and how to draw it in the house style."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from matplotlib.figure import Figure

from reports.comparison import Comparison
from reports.plots.cost import stage_stack
from reports.plots.customers import click_to_door
from reports.plots.day import over_time
from reports.plots.drivers import earnings, pareto
from reports.plots.eta import calibration
from reports.plots.maps import delivery_map, market_names
from reports.plots.objectives import forest, objective_dots
from reports.style import styled


@dataclass(frozen=True, slots=True)
class Plot:
    """A figure's name (also its file name), title, caption, and how to draw it (None without data)."""

    name: str
    title: str
    caption: str
    draw: Callable[[Comparison], Figure | None]


PLOTS: tuple[Plot, ...] = (
    Plot(
        "objectives",
        "Objectives",
        "Mean with its 95 % interval (thick line) and seeds (faint dots); the dashed line is the target.",
        objective_dots,
    ),
    Plot(
        "differences",
        "Paired differences",
        "Mean difference over common seeds with its 95 % interval; a hollow mark is not established.",
        forest,
    ),
    Plot(
        "click_to_door",
        "How long orders took",
        "Share of orders within a time, all seeds together. Further left is better.",
        click_to_door,
    ),
    Plot(
        "over_time",
        "Over the run",
        "Mean over seeds by minute; the band spans the seeds.",
        over_time,
    ),
    Plot(
        "earnings", "Hourly pay of drivers", "Drivers online for at least half an hour, all seeds.", earnings
    ),
    Plot(
        "pareto",
        "Customers' time and its price",
        "Small dots are seeds, large marks their means; ringed: nobody is better on both axes.",
        pareto,
    ),
    Plot(
        "eta",
        "ETA against what happened",
        "Left: groups of equally many orders by predicted time; on the dashed line predictions are right.",
        calibration,
    ),
    Plot(
        "stages",
        "Wall time by stage",
        "Wall time varies from machine to machine; it takes no part in verdicts.",
        stage_stack,
    ),
)


def all_plots(comparison: Comparison) -> tuple[Plot, ...]:
    """Return the plots of a comparison, one map per market among them."""
    caption = (
        "Mean click-to-door of deliveries by customer's place (cells of 3 orders or more); dots: restaurants."
    )
    maps = tuple(
        Plot(f"map_{index}", f"Map of {name}", caption, partial(delivery_map, market=index))
        for index, name in enumerate(market_names(comparison))
    )
    return PLOTS + maps


def draw_all(comparison: Comparison) -> Iterator[tuple[Plot, Figure]]:
    """Draw each plot that has data."""
    for plot in all_plots(comparison):
        with styled():
            figure = plot.draw(comparison)
        if figure is not None:
            yield plot, figure
