"""Opens the stores that `--stores` names, for one market."""

from __future__ import annotations

from adapters.connecting import parse_stores, store_urls
from adapters.opening import OpenStores, open_memory, open_servers
from adapters.stand_in import Faults, StandInProvider
from deploy.stack import Stack
from deploy.switches import StackSwitches
from domain.errors import UserError
from domain.spec import Scenario


def open_stores(scenario: Scenario, stores: str) -> OpenStores:
    """Open empty stores for one market, and a payment provider with the scenario's faults."""
    platform = scenario.platform
    faults = Faults(
        decline_share=platform.payment_decline_share, failure_share=platform.payment_failure_share
    )
    provider = StandInProvider(faults, seed=scenario.seed)
    kind, _, option = stores.partition(":")
    if kind == "memory" and option in ("", "quantised"):
        return open_memory(provider, can_fail=bool(scenario.outages), quantised=bool(option))
    if stores == "stack":
        stack = Stack()
        switches = StackSwitches(stack, provider)
        switches.check(outage.server for outage in scenario.outages)
        return open_servers(store_urls(stack.urls()), provider, switches=switches)
    if scenario.outages:
        raise UserError(f"--stores {stores}: outages need 'memory' or 'stack', servers that are ours to stop")
    return open_servers(parse_stores(stores), provider)
