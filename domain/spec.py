"""What a scenario says, as plain data: the typed form of a scenario file.

`scenarios` reads and checks these from TOML, `sim` builds a world from them. Field names are the file's keys.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

_FLAT_DAY = (1.0,) * 24
_DINNER_DAY = (
    *(0.25, 0.12, 0.06, 0.04, 0.04, 0.06, 0.15, 0.4, 0.7, 0.7, 0.8, 1.6),
    *(2.4, 1.9, 1.0, 0.8, 1.1, 2.4, 3.6, 3.4, 2.3, 1.3, 0.8, 0.5),
)


@dataclass(frozen=True, kw_only=True)
class CitySpec:
    """Where: a road source and where its places come from."""

    source: str = "builtin:riverton"
    """`builtin:NAME`, a `.city` file, a road file (absolute or in the data folder), or a place name."""
    pois: str | None = None
    """A second OSM file with restaurants and addresses, where the road source has few."""
    crs: str | None = None
    """Coordinate reference system of a MATSim network, such as `EPSG:26743`."""
    fallback: str | None = None
    """A source to take where the files of `source` or `pois` are not at hand; the run's notes then say so."""


@dataclass(frozen=True, kw_only=True)
class DemandSpec:
    """Customers' orders: a non-homogeneous Poisson process in time, a gravity model in space."""

    orders_per_day: float = 4000.0
    """Expected orders of a whole day; the hours that the scenario runs get their share."""
    hourly: tuple[float, ...] = _DINNER_DAY
    """24 relative weights; the rate is linear between the middles of the hours."""
    distance_scale_m: float = 2000.0
    """A restaurant's pull falls with exp(-distance / scale)."""
    max_distance_m: float = 6000.0
    """Customers order from no farther than this."""
    popularity_sd: float = 0.8
    """Standard deviation of the log of restaurants' popularity."""
    items_mean: float = 2.5
    """Mean dishes per order (at least one)."""


@dataclass(frozen=True, kw_only=True)
class KitchenSpec:
    """Restaurants: hours, capacity, and preparation times as quoted and as they turn out."""

    restaurants: int | None = None
    """How many of the city's restaurants take part, the most popular first; all if not given."""
    open_h: float = 0.0
    close_h: float = 24.0
    """Opening hours (local hours; equal: never open); each restaurant's differ by up to `hours_spread_h`."""
    hours_spread_h: float = 0.0
    utilisation: float = 0.7
    """Kitchens are sized so that this share of their places cooks in the busiest hour."""
    min_capacity: int = 2
    """Orders a kitchen can cook at once, at the least."""
    prep_mean_s: float = 840.0
    """Mean preparation time over restaurants, once the kitchen starts."""
    prep_between_sd_s: float = 180.0
    """Standard deviation of restaurants' means."""
    prep_within_cv: float = 0.3
    """Coefficient of variation of one restaurant's preparation times (gamma)."""
    quote_bias: float = 0.0
    """Restaurants quote their mean times (1 + bias), rounded up to five minutes, plus the queue they see."""
    confirm_mean_s: float = 30.0
    """Mean time to confirm an order."""
    reject_share: float = 0.005
    """Share of orders that restaurants reject."""


@dataclass(frozen=True, kw_only=True)
class FleetSpec:
    """Drivers: vehicles, shifts, willingness, habits."""

    car_share: float = 0.6
    scooter_share: float = 0.3
    bicycle_share: float = 0.1
    hourly: tuple[float, ...] = _FLAT_DAY
    """24 relative weights of how many drivers are on shift; `drivers` is the number at the largest."""
    shift_mean_h: float = 4.0
    shift_sd_h: float = 1.0
    acceptance: float = 0.85
    """Probability that a typical driver accepts a typical offer (two kilometres to the restaurant)."""
    choosiness_sd: float = 0.6
    """Spread between drivers, in log odds."""
    acceptance_per_km: float = -0.25
    """Log odds per extra kilometre to the restaurant."""
    acceptance_per_dollar: float = 0.15
    """Log odds per dollar that the offer pays above the typical one of five dollars."""
    reaction_median_s: float = 6.0
    reaction_sigma: float = 0.6
    """Reaction to an offer: lognormal."""
    break_every_h: float = 3.0
    break_mean_s: float = 900.0
    """A break falls due this long after sign-on, and is taken once the driver has nothing to do."""
    reposition_after_s: float = 300.0
    """An idle driver heads for a busy area after this time."""
    reposition_share: float = 0.7
    """Share of idle drivers who do."""
    pickup_service_s: float = 90.0
    dropoff_service_s: float = 90.0
    """Mean time to park, walk and hand over (lognormal, coefficient of variation 0.5)."""
    rating_mean: float = 4.7
    goal_deliveries: int = 8
    """Deliveries that a typical driver wants in a shift."""


@dataclass(frozen=True, kw_only=True)
class CustomerSpec:
    """Customers' patience and ratings."""

    assign_patience_s: float = 1500.0
    """Mean wait without a driver before a customer tries to cancel."""
    late_tolerance_s: float = 1800.0
    """Mean lateness beyond the promise before a customer tries to cancel."""
    rating_share: float = 0.6
    """Share of deliveries that get stars."""


@dataclass(frozen=True, kw_only=True)
class TrafficSpec:
    """Road traffic: what is believed, and how the truth differs."""

    hourly: bool = True
    """Speeds vary by hour and road class; free flow if false."""
    edge_noise_sd: float = 0.12
    """Log standard deviation of true over believed time per road segment, drawn once per run."""


@dataclass(frozen=True, kw_only=True)
class GpsSpec:
    """Position pings."""

    period_s: int = 10
    noise_m: float = 8.0


@dataclass(frozen=True, kw_only=True)
class OutageSpec:
    """A server that is down for a while.

    On memory stores its calls fail; of a local stack the real server is killed and started again.
    """

    server: Literal["valkey", "postgres", "payments"]
    """valkey: positions, cache, sessions; postgres: orders, offers, catalog; payments: the provider."""
    start_h: float
    """Local hour at which it fails."""
    minutes: float = 5.0
    """How long it is down."""


@dataclass(frozen=True, kw_only=True)
class PlatformSpec:
    """Settings of the marketplace's services."""

    offer_ttl_s: float = 30.0
    """An offer not answered by then expires."""
    retry_s: float = 10.0
    """Orders left waiting by a per-order strategy are tried again this often."""
    give_up_s: float = 2700.0
    """An order that finds no driver for this long is cancelled by the system."""
    promise_quantile: float = 0.9
    """Customers are promised this quantile of the ETA at placement."""
    payment_decline_share: float = 0.0
    """Share of the customers whose payment is declined."""
    payment_failure_share: float = 0.0
    """Share of the requests that the payment provider does not answer."""


@dataclass(frozen=True, kw_only=True)
class ShockSpec:
    """Something that happens to the city for a while, unknown to the platform's travel times."""

    kind: Literal["rain", "closed_bridge", "stadium", "drivers_leave"]
    start_h: float
    end_h: float
    slowdown: float = 1.25
    """rain, stadium: factor on driving times (within the stadium's radius)."""
    demand_factor: float = 1.0
    """rain, stadium: factor on demand (in the stadium's radius)."""
    bridge: str | None = None
    """closed_bridge: its name; the longest one if not given."""
    lat: float | None = None
    lon: float | None = None
    radius_m: float = 1000.0
    """stadium: where; the city's centre if not given."""
    share: float = 0.3
    """drivers_leave: share of the drivers on shift who go home at `start_h` (`end_h` is not used)."""


@dataclass(frozen=True, kw_only=True)
class TraceSpec:
    """Real orders and shifts in place of drawn ones."""

    path: str
    """Folder of the trace, absolute or in the data folder."""
    reader: Literal["rappi"] = "rappi"
    geography: Literal["detour", "transplant"] = "detour"
    """detour: the trace's own coordinates, straight lines times `detour`; transplant: onto the city."""
    detour: float = 1.4


@dataclass(frozen=True, kw_only=True)
class SloSpec:
    """Targets that reports check; those of the product where it states them."""

    placement_success_pct: float = 99.9
    match_time_p95_s: float = 30.0
    on_time_pct: float = 90.0
    click_to_door_mean_min: float = 40.0
    cancelled_pct: float = 3.0
    ready_to_pickup_mean_min: float = 5.0


@dataclass(frozen=True, kw_only=True)
class MarketSpec:
    """One market: a city with its demand and its fleet. Markets are independent of each other."""

    name: str
    drivers: int
    """Drivers on shift at the fleet's busiest hour."""
    city: CitySpec = field(default_factory=CitySpec)
    demand: DemandSpec = field(default_factory=DemandSpec)
    kitchens: KitchenSpec = field(default_factory=KitchenSpec)
    fleet: FleetSpec = field(default_factory=FleetSpec)
    customers: CustomerSpec = field(default_factory=CustomerSpec)
    traffic: TrafficSpec = field(default_factory=TrafficSpec)
    gps: GpsSpec = field(default_factory=GpsSpec)
    shocks: tuple[ShockSpec, ...] = ()
    trace: TraceSpec | None = None


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A whole scenario, resolved: every default filled in."""

    name: str
    description: str
    start_h: float
    """Local hour at which the simulation starts."""
    hours: float
    """Hours in which orders are placed; the run then goes on until every order has ended."""
    seed: int
    strategy: str
    eta: str
    markets: tuple[MarketSpec, ...]
    outages: tuple[OutageSpec, ...] = ()
    platform: PlatformSpec = field(default_factory=PlatformSpec)
    slo: SloSpec = field(default_factory=SloSpec)
