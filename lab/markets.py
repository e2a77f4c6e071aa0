"""Simulates the markets of a scenario: one, all in turn, or all in processes."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter, process_time

from domain.spec import Scenario
from eta.registry import load_eta_model
from lab.building import build_world, span_of
from lab.cities import open_market_city
from lab.listeners import Tell, Watch
from lab.stores import open_stores
from lab.warming import compile_once
from matching.registry import STRATEGIES
from sim.board import Board, put_up
from sim.calm import rare_collections
from sim.engines import EngineChoice, gentle_interrupts, open_engine
from sim.jobs import STOPPING
from sim.market_result import MarketResult, market_result, not_simulated
from sim.run_parts import load_tables, save_tables


def simulate_market(
    scenario: Scenario,
    number: int,
    *,
    stores: str = "memory",
    tell: Tell | None = None,
    watch: Watch | None = None,
) -> MarketResult:
    """Simulate one market of a resolved scenario, on stores of its own; an interrupt ends it early."""
    began_s, began_cpu_s = perf_counter(), process_time()
    strategy, eta_model = STRATEGIES.load_text(scenario.strategy), load_eta_model(scenario.eta)
    with closing(open_stores(scenario, stores)) as opened:
        world, city = build_world(
            scenario, number, strategy, eta_model, opened=opened, tell=tell, watch=watch
        )
        ran_s = perf_counter()
        with rare_collections():
            world.run()
        return market_result(
            world,
            city,
            stores=opened.info,
            began_s=began_s,
            ran_s=ran_s,
            cpu_s=began_cpu_s,
            start_s=span_of(scenario)[0],
        )


def simulate_in_turn(
    scenario: Scenario, stores: str, tell: Tell | None, watch: Watch | None
) -> list[MarketResult]:
    """Return every market's result; after an interrupt, the remaining markets are not simulated."""
    results: list[MarketResult] = []
    for number, market in enumerate(scenario.markets):
        if results and not results[-1].is_complete:
            results.append(not_simulated(market.name))
            continue
        try:
            results.append(simulate_market(scenario, number, stores=stores, tell=tell, watch=watch))
        except KeyboardInterrupt:
            if not results:
                raise
            results.append(not_simulated(market.name))
    return results


def simulate_in_processes(
    scenario: Scenario, folder: Path, stores: str, workers: int, tell: Tell | None, watch: Watch | None
) -> list[MarketResult]:
    """Return every market's result; on Ctrl-C all markets end early."""
    for market in scenario.markets:
        open_market_city(market, tell)  # here, once, before several processes want to import it
    with (
        put_up(folder.absolute().parent, f".{folder.name}.parts-") as board,
        open_engine(EngineChoice(workers=workers)) as engine,
        board.followed(None if watch is None else partial(_show_markets, watch)),
        gentle_interrupts(lambda: _stop(board, tell)),
    ):
        markets = range(len(scenario.markets))
        found = engine.run(_simulate_part, [(scenario, number, stores, board) for number in markets])
        if not any(found):
            raise KeyboardInterrupt
        return [
            not_simulated(scenario.markets[number].name)
            if result is None
            else replace(result, tables=load_tables(board.folder / str(number)))
            for number, result in enumerate(found)
        ]


def _show_markets(watch: Watch, board: Board) -> None:
    for _, now in board.notes():
        watch(now)


def _stop(board: Board, tell: Tell | None) -> None:
    board.close()
    if tell is not None:
        tell(STOPPING)


def _simulate_part(scenario: Scenario, number: int, stores: str, board: Board) -> MarketResult | None:
    """Simulate a market in a process of its own; its tables go into the board's folder."""
    if not board.is_open:
        return None
    compile_once([scenario.strategy], None)
    result = simulate_market(scenario, number, stores=stores, watch=board.reporter("market"))
    save_tables(board.folder / str(number), result.tables)
    return replace(result, tables={})
