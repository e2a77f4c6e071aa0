"""Vehicles: how fast they go, what they carry, how much traffic slows them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Vehicle(IntEnum):
    """What a driver rides; the integer is the column value in every array."""

    CAR = 0
    SCOOTER = 1
    BICYCLE = 2


@dataclass(frozen=True, kw_only=True)
class VehicleProfile:
    """Physical limits of one vehicle type.

    `congestion_share` is the part of a car's congestion delay that the vehicle suffers (0: none, 1: all).
    """

    max_speed_kph: float
    capacity_orders: int
    congestion_share: float


PROFILES: dict[Vehicle, VehicleProfile] = {
    Vehicle.CAR: VehicleProfile(max_speed_kph=130.0, capacity_orders=4, congestion_share=1.0),
    Vehicle.SCOOTER: VehicleProfile(max_speed_kph=45.0, capacity_orders=2, congestion_share=0.4),
    Vehicle.BICYCLE: VehicleProfile(max_speed_kph=18.0, capacity_orders=2, congestion_share=0.0),
}
