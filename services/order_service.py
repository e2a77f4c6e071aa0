"""Orders from placement to completion, by the rules of the state table.

Every transition may be repeated: when the store refuses it because it has already happened, and the audit
log says that this very actor did it, the order is returned unchanged. So a client whose answer got lost can
ask again; anyone else gets the refusal.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import takewhile
from typing import Any

import msgspec

from domain.catalog import Menu
from domain.errors import Conflict, InvalidRequest, InvalidTransition, ServiceError
from domain.events import Event, EventKind, Topic
from domain.order_state import Action, Actor, OrderState
from domain.orders import NewOrder, Order, OrderItem, OrderRequest, Transition
from domain.ports import CatalogStore, ClaimState, Clock
from domain.stores import Stores
from services.agenda import Agenda
from services.eta_service import EtaService, Outlook
from services.geocell import metres_between
from services.payment_service import PaymentService
from services.settings import OrderSettings

_RESULT = {
    Action.CONFIRM: OrderState.CONFIRMED,
    Action.START_PREP: OrderState.PREPARING,
    Action.READY: OrderState.READY_FOR_PICKUP,
    Action.PICK_UP: OrderState.PICKED_UP,
    Action.DELIVER: OrderState.DELIVERED,
    Action.COMPLETE: OrderState.COMPLETED,
    Action.CANCEL: OrderState.CANCELLED,
}
# Enum members by their own names: on Python 3.11 looking one up on its class is a Python call.
_PLACED, _DELIVERED = OrderState.PLACED, EventKind.ORDER_DELIVERED
_DONE, _IN_PROGRESS = ClaimState.DONE, ClaimState.IN_PROGRESS
_MAX_QUANTITY = 1000
_FEE_STEP_M = 100.0
_packed = msgspec.msgpack.Encoder().encode


class OrderService:
    """Places orders and moves them on."""

    def __init__(
        self,
        stores: Stores,
        eta: EtaService,
        payments: PaymentService,
        clock: Clock,
        settings: OrderSettings,
        agenda: Agenda,
    ) -> None:
        self._orders = stores.orders
        self._payments = payments
        self._catalog: CatalogStore = stores.catalog
        self._keys = stores.idempotency
        self._eta = eta
        self._clock = clock
        self._settings = settings
        self._agenda = agenda
        self._to_complete: deque[tuple[float, int]] = deque()
        stores.bus.subscribe(Topic.ORDERS, "completion", self._on_orders, kinds=[_DELIVERED])

    async def place(self, request: OrderRequest) -> Order:
        """Place an order once per idempotency key and customer.

        The key is claimed first. The same key with the same body answers with the order that it made, as it
        stands now; while the first request is in progress, Conflict; with another body, IdempotencyMismatch.
        After a refusal the key is free again. Where a store did not answer, the order may have been placed:
        the key stays claimed, and the same request finds the order or, after the lease, makes it.

        Raises:
            InvalidRequest: no key, a bad basket or position. NotFound: no such restaurant. Conflict: the
            restaurant is closed, a dish is not on offer, or the key is in use. PaymentDeclined. Unavailable.
        """
        now_s = self._clock.now_s()
        _check_request(request)
        key = f"order:{request.customer_id}:{request.idempotency_key}"
        claim = await self._keys.claim(
            key,
            _fingerprint(request),
            now_s=now_s,
            ttl_s=self._settings.idempotency_ttl_s,
            lease_s=self._settings.idempotency_lease_s,
        )
        if claim.state is _DONE and claim.response is not None:
            return (await self._orders.get([claim.response]))[0]
        if claim.state is _IN_PROGRESS:
            raise Conflict(f"idempotency key {request.idempotency_key!r}: the first request is in progress")
        try:
            new = await self._paid(await self._priced(request, now_s), key)
        except BaseException:
            await self._keys.release(key)
            raise
        return (await self._orders.place([new]))[0]

    async def confirm(self, order_id: int, restaurant_id: int, prep_quote_s: float | None = None) -> Order:
        """Confirm an order, with the restaurant's own quote of the preparation time if it gives one."""
        if prep_quote_s is not None and not (math.isfinite(prep_quote_s) and prep_quote_s >= 0):
            raise InvalidRequest(f"a preparation quote must be finite and not negative, not {prep_quote_s}")
        updates = {} if prep_quote_s is None else {"prep_quote_s": float(prep_quote_s)}
        return await self.apply(order_id, Action.CONFIRM, Actor.RESTAURANT, restaurant_id, updates)

    async def start_prep(self, order_id: int, restaurant_id: int) -> Order:
        """Begin to cook."""
        return await self.apply(order_id, Action.START_PREP, Actor.RESTAURANT, restaurant_id)

    async def ready(self, order_id: int, restaurant_id: int) -> Order:
        """Have the food ready."""
        return await self.apply(order_id, Action.READY, Actor.RESTAURANT, restaurant_id)

    async def complete(self, order_id: int, actor: Actor, actor_id: int | None) -> Order:
        """Complete a delivered order."""
        return await self.apply(order_id, Action.COMPLETE, actor, actor_id)

    async def cancel(self, order_id: int, actor: Actor, actor_id: int | None, reason: str) -> Order:
        """Cancel an order; its pending offer and its assignment end with it."""
        return await self.apply(order_id, Action.CANCEL, actor, actor_id, {"cancel_reason": reason})

    async def apply(
        self,
        order_id: int,
        action: Action,
        actor: Actor,
        actor_id: int | None,
        updates: Mapping[str, Any] | None = None,
    ) -> Order:
        """Make one transition; a repetition of one that has happened returns the order unchanged."""
        change = Transition(
            order_id=order_id,
            action=action,
            actor=actor,
            actor_id=actor_id,
            at_s=self._clock.now_s(),
            updates=updates or {},
        )
        result = (await self._orders.transition([change]))[0]
        if isinstance(result, Order):
            return result
        if isinstance(result, InvalidTransition) and await self._has_happened(change):
            return (await self._orders.get([order_id]))[0]
        raise result

    def next_due_s(self) -> float:
        """Return when the next delivered order is to be completed; inf if none."""
        return self._to_complete[0][0] if self._to_complete else math.inf

    async def complete_due(self) -> None:
        """Complete every delivered order whose time has come, in the order of delivery."""
        now_s = self._clock.now_s()
        due = [order_id for _, order_id in takewhile(lambda one: one[0] <= now_s, self._to_complete)]
        if not due:
            return
        results = await self._orders.transition(
            [
                Transition(
                    order_id=order_id, action=Action.COMPLETE, actor=Actor.SYSTEM, actor_id=None, at_s=now_s
                )
                for order_id in due
            ]
        )
        for _ in due:  # only now: what the store did not take is still to be done
            self._to_complete.popleft()
        for result in results:
            if isinstance(result, ServiceError) and not isinstance(result, InvalidTransition):
                raise result  # InvalidTransition: the customer was first

    async def _on_orders(self, events: Sequence[Event]) -> None:
        for event in events:
            at_s = event.at_s + self._settings.auto_complete_s
            self._to_complete.append((at_s, event.key))
            self._agenda.note(at_s)

    async def _has_happened(self, change: Transition) -> bool:
        target = _RESULT[change.action].name
        for row in await self._orders.audit(change.order_id):
            if row.after["state"] == target and row.before.get("state") != target:
                return row.actor == change.actor and row.actor_id == change.actor_id
        return False

    async def live(self) -> list[Order]:
        """Return every order that has not ended, by id."""
        return await self._orders.live()

    async def recover(self) -> None:
        """Plan the completion of delivered orders anew, after a restart."""
        after_s = self._settings.auto_complete_s
        self._to_complete = deque(
            sorted(
                (order.delivered_at_s + after_s, order.id)
                for order in await self._orders.live()
                if order.delivered_at_s is not None
            )
        )
        self._agenda.note(self.next_due_s())

    async def _paid(self, new: NewOrder, key: str) -> NewOrder:
        """Return a new order with its payment authorised, to be placed under its claimed key."""
        amount_cents = new.subtotal_cents + new.delivery_fee_cents
        reference = await self._payments.authorise(key, new.request.customer_id, amount_cents)
        return msgspec.structs.replace(new, claim=key, payment=reference)

    async def _priced(self, request: OrderRequest, now_s: float) -> NewOrder:
        """Check the basket and price it: prices come from the menu, never from the client."""
        menu = await self._catalog.menu(request.restaurant_id)
        restaurant = menu.restaurant
        if not restaurant.is_open:
            raise Conflict(f"restaurant {restaurant.id} is closed")
        items = _priced_items(request, menu)
        ends = (restaurant.lat, restaurant.lon, request.customer_lat, request.customer_lon)
        outlook = Outlook(
            state=_PLACED,
            restaurant_id=restaurant.id,
            prep_remaining_s_est=restaurant.prep_time_s,
            to_customer_s=self._eta.restaurant_to_customer_s(ends, now_s),
        )
        prediction = self._eta.predict([outlook], now_s)
        return NewOrder(
            request=OrderRequest(
                idempotency_key=request.idempotency_key,
                customer_id=request.customer_id,
                restaurant_id=request.restaurant_id,
                customer_lat=request.customer_lat,
                customer_lon=request.customer_lon,
                items=items,
            ),
            restaurant_lat=restaurant.lat,
            restaurant_lon=restaurant.lon,
            subtotal_cents=sum(item.quantity * item.price_cents for item in items),
            delivery_fee_cents=delivery_fee_cents(metres_between(*ends), self._settings),
            placed_at_s=now_s,
            prep_quote_s=restaurant.prep_time_s,
            promised_at_s=now_s + self._eta.quantile_s(prediction, self._settings.promise_level),
            eta_placement_s=now_s + float(prediction.mean_s[0]),
        )


def delivery_fee_cents(distance_m: float, settings: OrderSettings) -> int:
    """Return the fee: the base, plus the rate per km for each started 100 m beyond the free distance."""
    steps = math.ceil(max(distance_m - settings.fee_free_m, 0.0) / _FEE_STEP_M)
    return settings.fee_base_cents + round(steps * settings.fee_per_km_cents * _FEE_STEP_M / 1000.0)


def _check_request(request: OrderRequest) -> None:
    if not request.idempotency_key:
        raise InvalidRequest("an order needs an idempotency key")
    if not request.items:
        raise InvalidRequest("an order needs at least one item")
    for item in request.items:
        if not 0 < item.quantity <= _MAX_QUANTITY:
            raise InvalidRequest(
                f"dish {item.menu_item_id}: quantity {item.quantity} is not in 1-{_MAX_QUANTITY}"
            )
    if not (abs(request.customer_lat) <= 90.0 and abs(request.customer_lon) <= 180.0):
        raise InvalidRequest(f"no such place: {request.customer_lat}, {request.customer_lon}")


def _priced_items(request: OrderRequest, menu: Menu) -> tuple[OrderItem, ...]:
    """Return the basket at the menu's prices."""
    prices = {dish.id: dish.price_cents for dish in menu.items}
    missing = [item.menu_item_id for item in request.items if item.menu_item_id not in prices]
    if missing:
        raise Conflict(f"restaurant {menu.restaurant.id} does not offer dishes {missing}")
    return tuple(
        OrderItem(
            menu_item_id=item.menu_item_id, quantity=item.quantity, price_cents=prices[item.menu_item_id]
        )
        for item in request.items
    )


def _fingerprint(request: OrderRequest) -> str:
    """Return a digest of what is ordered; the client's prices count, for they are part of the body."""
    place = request.customer_lat, request.customer_lon
    body = request.customer_id, request.restaurant_id, *place, request.items
    return blake2b(_packed(body), digest_size=16).hexdigest()
