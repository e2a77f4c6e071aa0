"""What matching does: time to a driver, offers, acceptance, bundles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from domain.offers import OfferState
from reports.measures import mean, ratio, share_pct
from reports.metric import Metric
from reports.run import Column, Run
from reports.survival import censored_mean, censored_percentile

_MOMENTS = ("placed_s", "confirmed_s", "assigned_s", "delivered_s", "cancelled_s")


def match_waits_s(run: Run) -> tuple[Column, NDArray[np.bool_]]:
    """Seconds from confirmation to the first acceptance, over confirmed orders, and whether it came.

    Where it did not, the wait counts until the cancellation, or the run's last moment if it was interrupted.
    """
    confirmed, matched, cancelled = (
        run.column("orders", name) for name in ("confirmed_s", "matched_s", "cancelled_s")
    )
    is_matched = np.isfinite(matched)
    lost = np.where(np.isfinite(cancelled), cancelled, _last_moment_s(run))
    waits = np.maximum(np.where(is_matched, matched, lost) - confirmed, 0.0)
    is_confirmed = np.isfinite(confirmed)
    return waits[is_confirmed], is_matched[is_confirmed]


def _last_moment_s(run: Run) -> float:
    moments = np.concatenate([run.column("orders", name) for name in _MOMENTS])
    return float(np.max(moments, initial=0.0, where=np.isfinite(moments)))


def _offers_per_order(run: Run) -> float:
    is_confirmed = np.isfinite(run.column("orders", "confirmed_s"))
    return mean(run.column("orders", "offers")[is_confirmed])


def _acceptance(run: Run) -> float:
    outcome = run.column("offers", "outcome")
    is_answered = np.isin(outcome, (OfferState.ACCEPTED, OfferState.DECLINED, OfferState.EXPIRED))
    return share_pct(outcome == OfferState.ACCEPTED, is_answered)


def _bundle_sizes(run: Run) -> Column:
    sizes = run.column("orders", "bundle")
    return sizes[np.isfinite(run.column("orders", "picked_up_s")) & (sizes > 0)]


def _orders_per_bundle(run: Run) -> float:
    sizes = _bundle_sizes(run)
    return ratio(sizes.size, float((1.0 / sizes).sum()))


def _bundled(run: Run) -> float:
    sizes = _bundle_sizes(run)
    return share_pct(sizes > 1, np.ones(sizes.size, bool))


MATCHING_METRICS = (
    Metric(
        id="match_time_mean_s",
        title="Match time, mean",
        unit="s",
        direction="lower",
        group="matching",
        definition="Mean time from confirmation until a driver first accepted. An order cancelled without "
        "a driver is a censored wait (Kaplan-Meier; mean restricted to the longest wait in sight).",
        function=lambda run: censored_mean(*match_waits_s(run)),
    ),
    Metric(
        id="match_time_p95_s",
        title="Match time, 95th percentile",
        unit="s",
        direction="lower",
        group="matching",
        definition="95th percentile of the time from confirmation until a driver first accepted. An order "
        "cancelled without a driver is a censored wait (Kaplan-Meier); where more than 5 % never "
        "find a driver, it is the longest wait in sight, a lower bound.",
        function=lambda run: censored_percentile(*match_waits_s(run), 95),
    ),
    Metric(
        id="offers_per_order",
        title="Offers per order",
        unit="offers",
        direction="lower",
        group="matching",
        definition="Mean number of offers made, over confirmed orders.",
        function=_offers_per_order,
        decimals=2,
    ),
    Metric(
        id="acceptance_pct",
        title="Offers accepted",
        unit="%",
        direction="higher",
        group="matching",
        definition="Share of offers accepted, of those accepted, declined or expired (withdrawn ones left "
        "out).",
        function=_acceptance,
    ),
    Metric(
        id="orders_per_bundle",
        title="Orders per bundle",
        unit="orders",
        direction="none",
        group="matching",
        definition="Orders picked up divided by trips: each order counts 1 / (orders with its driver at "
        "its pickup).",
        function=_orders_per_bundle,
        decimals=2,
    ),
    Metric(
        id="bundled_pct",
        title="Orders in bundles",
        unit="%",
        direction="none",
        group="matching",
        definition="Share of orders picked up by a driver who had at least one more.",
        function=_bundled,
    ),
)
