"""Make's error bodies: one exception class a case, and the one place that turns a refusal into one.

The shape ``{detail, message, code, suberrors?}`` is documented; which codes were seen and which are assumed is
said in the fidelity ledger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .world import refusals
from .world.clock import iso


class MakeError(Exception):
    """An answer other than 200."""

    status = 400
    code = "SC400"
    message = "Bad Request"

    def __init__(self, detail: str = "", *, suberrors: Sequence[str] | None = None) -> None:
        super().__init__(detail or self.message)
        self.detail = detail or self.message
        self.suberrors = suberrors
        self.extra: Mapping[str, Any] = {}

    def body(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        body: dict[str, Any] = {"detail": self.detail, "message": self.message, "code": self.code}
        if self.suberrors is not None:
            body["suberrors"] = [{"message": text, "name": "Error"} for text in self.suberrors]
        return {**body, **self.extra}

    def headers(self) -> Mapping[str, str]:
        """Headers that the answer needs besides the usual ones."""
        return {}


class BadRequest(MakeError):
    """400: the request cannot be understood as a whole."""


class ValidationFailed(MakeError):
    """400: one or more parameters are wrong; each is named in ``suberrors``."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(f"Validation failed for {len(faults)} parameter(s).", suberrors=faults)


class NoSpace(MakeError):
    """400 IM003: the storage has no room left."""

    code = "IM003"
    message = "Not enough space in storage."


class InvalidInput(MakeError):
    """400 IM005: the parameters do not fit the thing."""

    code = "IM005"
    message = "Invalid input parameters"


class InvalidBlueprint(MakeError):
    """400 IM007: the blueprint names what does not exist or does not hang together."""

    code = "IM007"
    message = "Invalid blueprint"


class EntityLimit(MakeError):
    """400 IM011: the plan allows no more of these."""

    code = "IM011"
    message = "Entity limit exceeded"


class Dependent(MakeError):
    """422 IM016: something else depends on the thing as it is."""

    status = 422
    code = "IM016"
    message = "Action blocked by dependencies"


class Unauthorized(MakeError):
    """401: there is no token, or not one that this zone knows."""

    status = 401
    code = "IM015"
    message = "Unauthorized"


class Elsewhere(Unauthorized):
    """401: the token belongs to another zone than the one that was called. The caller does not learn that much."""

    def __init__(self, reason: str) -> None:
        super().__init__("Access denied: Invalid token header.")
        self.reason = reason


class Forbidden(MakeError):
    """403: the token lacks a scope, or its user a permission."""

    status = 403
    code = "SC403"
    message = "Permission denied"

    def __init__(self, detail: str = "Access denied.") -> None:
        super().__init__(detail)


class InsufficientRights(MakeError):
    """403 IM002: the user's role in the team or the organization lacks a permission."""

    status = 403
    code = "IM002"
    message = "Insufficient rights"


class ResourceNotFound(MakeError):
    """404: there is no such thing, or the caller may not see it."""

    status = 404
    code = "SC404"
    message = "Not found"


class ConnectionMissing(MakeError):
    """404 IM304: a blueprint names a connection ("account") that its team does not have."""

    status = 404
    code = "IM304"
    message = "Account doesn't exist"


class MethodNotAllowed(MakeError):
    """405: the path exists, but not for this method."""

    status = 405
    code = "SC405"
    message = "Method Not Allowed"

    def __init__(self, allowed: Sequence[str]) -> None:
        self.allowed = sorted(allowed)
        super().__init__(f"Allowed: {', '.join(self.allowed)}.")

    def headers(self) -> Mapping[str, str]:
        return {"Allow": ", ".join(self.allowed)}


class ConfirmationRequired(MakeError):
    """406 IM004: the request destroys something and does not say ``confirmed=true``."""

    status = 406
    code = "IM004"
    message = "Confirmation required"


class Conflict(MakeError):
    """409: the change builds on a version that has been succeeded; the body tells the current one."""

    status = 409
    code = "SC409"
    message = "Conflict"


class PayloadTooLarge(MakeError):
    """413: the body, or the answer asked for, is larger than allowed."""

    status = 413
    code = "SC413"
    message = "Payload Too Large"


class FailedDependency(MakeError):
    """424: something that the request depends on crashed or timed out."""

    status = 424
    code = "SC424"
    message = "The request failed due to failure of a previous request."


class ActionFailure(FailedDependency):
    """424: the service behind a connection turned it down. Seen in this shape: no detail, and the cause in a suberror."""

    def body(self) -> dict[str, Any]:
        suberrors = [{"message": self.detail, "name": "RuntimeError"}]
        return {"message": self.message, "code": self.code, "suberrors": suberrors}


class RateLimited(MakeError):
    """429: the organization made more requests in a minute than its plan allows."""

    status = 429
    code = "SC429"
    message = "Requests limit for organization exceeded, please try again later."


class OrganizationPaused(MakeError):
    """429 IM310: the organization has used up its operations."""

    status = 429
    code = "IM310"
    message = "Organization is paused."


class Unavailable(MakeError):
    """503: something that the service depends on is down."""

    status = 503
    code = "SC503"
    message = "Service Unavailable"


class InternalError(MakeError):
    """500: a defect of the emulator; it says so, and nothing of the cause is shown."""

    status = 500
    code = "SC500"
    message = "Internal Server Error"


def from_refusal(refusal: refusals.Refusal) -> MakeError:
    """The error that Make answers for a refusal of the world."""
    match refusal:
        case refusals.Invalid(faults=faults):
            return ValidationFailed(faults)
        case refusals.NotFound():
            return ResourceNotFound(refusal.detail[:1].upper() + refusal.detail[1:])
        case refusals.Forbidden():
            return Forbidden(refusal.detail)
        case refusals.Insufficient():
            return InsufficientRights(refusal.detail)
        case refusals.Unconfirmed():
            return ConfirmationRequired(refusal.detail)
        case refusals.UnfitInput():
            return InvalidInput(refusal.detail)
        case refusals.Unavailable():
            return Unavailable(refusal.detail)
        case refusals.ActionFailed():
            return ActionFailure(refusal.detail)
        case refusals.OutOfSpace():
            return NoSpace(refusal.detail)
        case refusals.ConnectionNotFound():
            return ConnectionMissing(refusal.detail)
        case refusals.Stale():
            conflict = Conflict(refusal.detail)
            conflict.extra = {"currentVersion": refusal.current_version, "lastEdit": iso(refusal.last_edit)}
            return conflict
        case refusals.Exhausted():
            return OrganizationPaused(refusal.detail)
        case refusals.TimedOut():
            return FailedDependency(refusal.detail)
        case refusals.BadBlueprint():
            return InvalidBlueprint(refusal.detail)
        case refusals.LimitReached():
            return EntityLimit(refusal.detail)
        case refusals.Blocked():
            return Dependent(refusal.detail)
        case refusals.Oversized():
            return PayloadTooLarge(refusal.detail)
    return BadRequest(refusal.detail)
