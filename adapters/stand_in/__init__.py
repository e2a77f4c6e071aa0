"""Stand-ins for companies outside, with faults to order."""

from adapters.stand_in.payments import Faults, StandInProvider

__all__ = ["Faults", "StandInProvider"]
