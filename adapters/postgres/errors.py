"""What becomes of the errors of driver and server: refusals, "unavailable", or one line for the user."""

from __future__ import annotations

import asyncpg

from domain.errors import DispatchlabError, InvalidRequest, ServiceError, Unavailable, UserError

_ERRORS = asyncpg.exceptions

SERVER_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, _ERRORS.InternalClientError, OSError)
"""All that driver and server raise; a timeout is an OSError, too."""

_REFUSED_VALUES = (asyncpg.DataError, _ERRORS.IntegrityConstraintViolationError)
_OUT_OF_REACH = (
    asyncpg.PostgresConnectionError,
    _ERRORS.OperatorInterventionError,  # starting, shutting down, a statement cancelled
    _ERRORS.InsufficientResourcesError,  # no more disk, memory or connections
    _ERRORS.PostgresSystemError,
    _ERRORS.ObjectNotInPrerequisiteStateError,  # a lock not available in time
    _ERRORS.ReadOnlySQLTransactionError,  # a standby
    _ERRORS.TransactionRollbackError,  # deadlocks, again and again
    asyncpg.InterfaceError,
    _ERRORS.InternalClientError,  # the driver's, of a connection that breaks at a bad moment
    OSError,
)
_REJECTED = "rejected SSL upgrade"  # the driver says so of any first answer that it cannot read


class NotSent(Exception):
    """A statement never reached the server, its cause says why: it may be tried again, whatever it is."""


def is_lost(error: BaseException) -> bool:
    """Tell whether the connection broke: a new one may work; what became of the statement is unknown."""
    if isinstance(
        error, asyncpg.PostgresConnectionError | _ERRORS.AdminShutdownError | _ERRORS.InternalClientError
    ):
        return True
    return isinstance(error, OSError) and not isinstance(error, TimeoutError)


def is_undone(error: BaseException) -> bool:
    """Tell whether the server undid the transaction for the sake of another one (deadlock)."""
    return isinstance(error, _ERRORS.TransactionRollbackError)


def service_error(error: BaseException, where: str) -> ServiceError | None:
    """Return what a caller of a store is told of an error; None where the fault is our own."""
    if isinstance(error, NotSent) and error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, _REFUSED_VALUES):
        return InvalidRequest(f"the database refuses a value: {first_line(error)}")
    if isinstance(error, _OUT_OF_REACH):
        return Unavailable(f"PostgreSQL at {where}: {first_line(error)}")
    return None


def login_error(error: BaseException, where: str) -> DispatchlabError:
    """Return what the user is told where no connection can be made."""
    if isinstance(error, ValueError):  # the driver, of a URL
        return UserError(f"the PostgreSQL URL cannot be used: {first_line(error)}")
    if isinstance(error, _ERRORS.InternalClientError) or _REJECTED in str(error):
        return UserError(f"what answers at {where} is no PostgreSQL, or one without SSL")
    if isinstance(error, _OUT_OF_REACH):
        return Unavailable(f"PostgreSQL at {where}: {first_line(error)}")
    return UserError(f"PostgreSQL at {where} refuses the login: {first_line(error)}")


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message."""
    lines = str(error).strip().splitlines()
    if lines:
        return lines[0]
    return "no answer in time" if isinstance(error, TimeoutError) else type(error).__name__
