"""Every error of the project, in one tree.

    DispatchlabError
    |- UserError                what a user typed or supplied cannot be used: one line, exit code 2
    |  |- ScenarioError         a scenario file or an override of it
    |  |- CityError             a road source or a compiled city file
    |  |- DataError             an order trace, a benchmark instance, a run folder
    |  `- UnknownNameError      a strategy, model, scenario, city or key that does not exist
    |- ContractError            a strategy or model broke its contract (shape, range, feasibility)
    |- ServiceError             the marketplace refuses a request; carries an HTTP-like `status`
    |  |- InvalidRequest        400: malformed
    |  |- PaymentDeclined       402: the payment provider refuses the charge
    |  |- NotFound              404: no such order, driver, restaurant or offer
    |  |- Conflict              409: another actor was first, or the offer is no longer open
    |  |  `- InvalidTransition  409: the state machine has no such transition
    |  |- IdempotencyMismatch   422: same key, another body
    |  `- Unavailable           503: a store or provider is out of reach

A late, declined or cancelled order is an event, never an exception.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class DispatchlabError(Exception):
    """Base of all errors raised on purpose by this project."""


class UserError(DispatchlabError):
    """Unusable input; the message is one line and says what would be valid."""


class ScenarioError(UserError):
    """A scenario file or an override cannot be used."""


class CityError(UserError):
    """A road source or compiled city file cannot be used."""


class DataError(UserError):
    """A trace, benchmark instance or run folder cannot be used."""


class UnknownNameError(UserError):
    """A name that is not registered; the message names the nearest one that is."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        options = sorted(known)
        super().__init__(f"unknown {kind} {name!r}{did_you_mean(name, options)}")
        self.kind, self.name, self.known = kind, name, options

    def __reduce__(self) -> tuple[type[UnknownNameError], tuple[str, str, list[str]]]:
        """Pickle by what it was made of, so that it can come from another process."""
        return type(self), (self.kind, self.name, self.known)


class ContractError(DispatchlabError):
    """A strategy or an ETA model broke its contract."""


class ServiceError(DispatchlabError):
    """The marketplace refuses a request."""

    status = 500


class InvalidRequest(ServiceError):
    """The request is malformed."""

    status = 400


class PaymentDeclined(ServiceError):
    """The payment provider refuses the charge."""

    status = 402


class NotFound(ServiceError):
    """There is no such entity."""

    status = 404


class Conflict(ServiceError):
    """Another actor was first."""

    status = 409


class InvalidTransition(Conflict):
    """The order state machine has no such transition."""


class IdempotencyMismatch(ServiceError):
    """An idempotency key was reused with another body."""

    status = 422


class Unavailable(ServiceError):
    """A store or provider is out of reach."""

    status = 503


def did_you_mean(name: str, options: list[str]) -> str:
    """Return ``"; did you mean 'x'?"`` or, with nothing near, the valid names."""
    near = get_close_matches(name, options, n=1, cutoff=0.5)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; valid: {', '.join(options)}" if options else ""
