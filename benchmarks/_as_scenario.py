"""An instance as a recorded day for the whole simulator: the same orders, kitchens, shifts and speed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.mdrp.travel import DEGREES_PER_M
from domain.units import FloatArray, IntArray
from domain.vehicles import Vehicle
from roads.detour_times import DEFAULT_SPEED_KPH
from scenarios.mdrp import Instance

DAY_MIN = 24 * 60


def write_scenario(folder: Path, instance: Instance) -> Path:
    """Write the day as a trace and a scenario that replays it; return the scenario's path.

    Rides are straight lines at the instance's speed, not rounded; a service takes as long on average. Drivers
    decline, take breaks and report where they are as in every scenario.
    """
    trace = folder / "day"
    trace.mkdir(parents=True)
    _orders(instance).to_csv(trace / "orders.csv", index=False)
    _couriers(instance).to_csv(trace / "couriers.csv", index=False)
    detour = DEFAULT_SPEED_KPH[Vehicle.CAR] / (instance.speed_m_per_min * 60 / 1000)
    scenario = folder / "day.toml"
    scenario.write_text(
        f'name = "mdrp_day"\nstart_h = 0\nhours = 24\nstrategy = "nearest"\n\n'
        f'[trace]\npath = "{trace.resolve().as_posix()}"\nreader = "rappi"\ngeography = "detour"\n'
        f"detour = {detour:.6f}\n\n"
        f"[fleet]\npickup_service_s = {60 * instance.pickup_service_min}\n"
        f"dropoff_service_s = {60 * instance.dropoff_service_min}\n",
        encoding="utf-8",
    )
    return scenario


def _orders(instance: Instance) -> pd.DataFrame:
    shop_lat, shop_lon = _degrees(instance.restaurant_xy_m[instance.restaurant])
    home_lat, home_lon = _degrees(instance.order_xy_m)
    promised = instance.placed_min + instance.target_click_to_door_min
    return pd.DataFrame(
        {
            "pick_up_lat": shop_lat,
            "pick_up_lng": shop_lon,
            "drop_off_lat": home_lat,
            "drop_off_lng": home_lon,
            "placement_time": _clock(instance.placed_min),
            "preparation_time": _clock(instance.placed_min),
            "ready_time": _clock(instance.ready_min),
            "expected_drop_off_time": _clock(promised),
        }
    )


def _couriers(instance: Instance) -> pd.DataFrame:
    lat, lon = _degrees(instance.driver_xy_m)
    columns = {"on_time": _clock(instance.on_min), "off_time": _clock(instance.off_min)}
    return pd.DataFrame({"vehicle": "car", "on_lat": lat, "on_lng": lon, **columns})


def _degrees(xy_m: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return latitude and longitude on the equator, where a metre is as long in both."""
    return xy_m[:, 1] * DEGREES_PER_M, xy_m[:, 0] * DEGREES_PER_M


def _clock(minutes: IntArray) -> list[str]:
    return [f"{each % DAY_MIN // 60:02d}:{each % 60:02d}:00" for each in minutes.tolist()]
