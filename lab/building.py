"""Wires one market: what happens in it, the marketplace on its stores, and the world."""

from __future__ import annotations

from dataclasses import replace

from adapters.opening import OpenStores
from domain.errors import DataError, ScenarioError
from domain.spec import MarketSpec, Scenario
from domain.units import HOUR_S
from eta.contract import EtaModel
from lab.cities import open_market_city
from lab.listeners import Tell, Watch
from lab.stores import open_stores
from matching.contract import Strategy
from roads.city import City
from scenarios import read_trace
from services.building import build_marketplace
from services.drive import drive
from services.settings import MarketplaceSettings, MatchSettings, OrderSettings
from sim.draw import draw_workload
from sim.environment import Environment, VirtualTime
from sim.ground import Ground
from sim.grounds import road_ground
from sim.recorder import Recorder
from sim.replay import replay_on_lines, replay_on_roads
from sim.streams import Streams
from sim.workload import Workload
from sim.world import World


def build_world(
    scenario: Scenario,
    number: int,
    strategy: Strategy,
    eta_model: EtaModel,
    *,
    opened: OpenStores | None = None,
    tell: Tell | None = None,
    watch: Watch | None = None,
) -> tuple[World, City | None]:
    """Wire one market: its workload, the marketplace on stores (in memory by default), and the world."""
    opened = opened if opened is not None else open_stores(scenario, "memory")
    market, platform_spec = scenario.markets[number], scenario.platform
    streams = Streams(scenario.seed, number)
    span_s = span_of(scenario)
    workload, ground, city = draw(market, span_s, streams, tell)
    env = Environment(span_s[0])
    world: World
    marketplace = build_marketplace(
        stores=opened.stores,
        strategy=strategy,
        eta_model=eta_model,
        travel=ground.believed,
        snap=ground.snap,
        clock=VirtualTime(env),
        rng=streams.generator("strategy"),
        provider=opened.provider,
        witness=lambda incident: world.witness(incident),
        on_window=lambda stats: world.window(stats),
        settings=MarketplaceSettings(
            orders=OrderSettings(promise_level=platform_spec.promise_quantile),
            match=MatchSettings(
                offer_ttl_s=platform_spec.offer_ttl_s,
                retry_s=platform_spec.retry_s,
                give_up_s=platform_spec.give_up_s,
                pickup_service_s=market.fleet.pickup_service_s,
                dropoff_service_s=market.fleet.dropoff_service_s,
            ),
        ),
    )
    world = World(
        env=env,
        market=market,
        workload=workload,
        ground=ground,
        platform=marketplace,
        recorder=Recorder(number, len(workload.orders), len(workload.shifts)),
        streams=streams,
        end_s=span_s[1],
        drive=opened.drive or drive,
        progress=watch and (lambda now: watch(replace(now, market=number, markets=len(scenario.markets)))),
        outages=scenario.outages,
        servers=opened.switches,
    )
    return world, city


def span_of(scenario: Scenario) -> tuple[float, float]:
    """Return the first and the last moment at which orders are placed."""
    start_s = scenario.start_h * HOUR_S
    return start_s, start_s + scenario.hours * HOUR_S


def draw(
    market: MarketSpec, span_s: tuple[float, float], streams: Streams, tell: Tell | None
) -> tuple[Workload, Ground, City | None]:
    """Return what happens in a market, on which ground, and in which city: None on straight lines."""
    city = open_market_city(market, tell)
    if market.trace is not None:
        if city is None and market.shocks:
            raise ScenarioError("shocks need roads: set trace.geography to 'transplant', or shocks to []")
        trace = read_trace(market.trace)
        if city is None:
            return *replay_on_lines(trace, market, span_s, streams, market.trace.detour), None
        return *replay_on_roads(trace, market, span_s, streams, city), city
    if city is None:
        raise DataError(f"market {market.name!r} has neither a city nor a trace")
    workload = draw_workload(market, city, span_s, streams)
    return workload, road_ground(city, market.traffic, market.shocks, streams), city
