"""What becomes of the errors of client and server: "unavailable", or one line for the user."""

from __future__ import annotations

from valkey import exceptions as _errors

from domain.errors import DispatchlabError, Unavailable, UserError

CLIENT_ERRORS = (_errors.ValkeyError, OSError)
"""All that client and server raise; a timeout is an OSError, too."""

_BAD_STATES = ("MISCONF", "NOREPLICAS", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "BUSY", "UNBLOCKED")
"""First words of the errors of a server that answers and cannot serve now."""

_ELSEWHERE = ("MOVED", "ASK", "CROSSSLOT")
"""First words of the errors of a cluster's node that does not own our keys."""


class NotSent(Exception):
    """A command never reached the server, its cause says why: it may be tried again, whatever it is."""


def is_lost(error: BaseException) -> bool:
    """Tell whether the connection broke: a new one may work; what became of the command is unknown."""
    if isinstance(error, TimeoutError | _errors.TimeoutError | _errors.AuthenticationError):
        return False
    return isinstance(error, OSError | _errors.ConnectionError)


def is_function_missing(error: BaseException) -> bool:
    """Tell whether the server does not have our functions: it is new, or began anew without its data."""
    return isinstance(error, _errors.ResponseError) and "unction not found" in str(error)


def service_error(error: BaseException, where: str) -> Unavailable | None:
    """Return what a caller of a store is told of an error; None where the fault is our own."""
    if isinstance(error, NotSent) and error.__cause__ is not None:
        return Unavailable(f"Valkey at {where}: {first_line(error.__cause__)}")
    told = f"Valkey at {where}: {first_line(error)}"
    if isinstance(error, _errors.ResponseError):
        is_down = isinstance(error, _errors.OutOfMemoryError | _errors.ReadOnlyError)
        return Unavailable(told) if is_down or str(error).startswith((*_BAD_STATES, *_ELSEWHERE)) else None
    return Unavailable(told) if isinstance(error, CLIENT_ERRORS) else None


def login_error(error: BaseException, where: str) -> DispatchlabError:
    """Return what the user is told where no connection can be made."""
    said = first_line(error)
    if isinstance(error, _errors.AuthenticationError | _errors.NoPermissionError):
        return UserError(f"Valkey at {where} refuses the login: {said}")
    if isinstance(error, _errors.InvalidResponse):
        return UserError(f"what answers at {where} is not Valkey: {said}")
    if isinstance(error, _errors.ReadOnlyError):
        return UserError(f"Valkey at {where} is a replica: give the primary's URL")
    if str(error).startswith(_ELSEWHERE):
        return UserError(f"Valkey at {where} does not own this prefix: give the URL of the node that does")
    if isinstance(error, _errors.ResponseError) and "unknown command" in said:
        return UserError(f"Valkey at {where} is too old: Valkey, or Redis 7 or later, is needed")
    if isinstance(error, _errors.ResponseError) and service_error(error, where) is None:
        return UserError(f"Valkey at {where} cannot be used: {said}")
    return Unavailable(f"Valkey at {where}: {said}")


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message."""
    lines = str(error).strip().splitlines()
    if lines:
        return lines[0]
    is_late = isinstance(error, TimeoutError | _errors.TimeoutError)
    return "no answer in time" if is_late else type(error).__name__
