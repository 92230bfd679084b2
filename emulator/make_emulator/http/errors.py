"""Errors of Make: one exception class a case, and the tables that map other exceptions to them.

The shape ``{detail, message, code, suberrors?}`` is documented; the fidelity ledger states which codes were observed
and which are assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge

from ..json_types import Json
from ..redaction.masking import LOG_REDACTOR
from ..world import exceptions
from ..world.clock import format_iso

#: Largest body, in bytes. A body of 2.1 MB was observed to pass and one of 2.8 MB to be refused.
BODY_LIMIT = 2_100_000


class MakeError(Exception):
    """Error response of Make.

    Args:
        hint: what the body, which is Make's word for word, leaves out; sent beside it, see `http.steps.hints`.
    """

    status = 400
    code = "SC400"
    message = "Bad Request"
    #: False for a body without ``detail``, as some codes were shown.
    has_detail = True

    def __init__(
        self, detail: str = "", *, suberrors: Sequence[str] | None = None, hint: str | None = None
    ) -> None:
        super().__init__(detail or self.message)
        self.detail = detail or self.message
        self.suberrors = suberrors
        self.hint = hint
        self.extra: Mapping[str, Json] = {}

    def body(self) -> dict[str, Json]:
        """Returns the JSON body of the response."""
        detail: dict[str, Json] = {"detail": self.detail} if self.has_detail else {}
        body: dict[str, Json] = {**detail, "message": self.message, "code": self.code}
        if self.suberrors is not None:
            body["suberrors"] = [{"message": text, "name": "Error"} for text in self.suberrors]
        return {**body, **self.extra}

    def plain_body(self) -> dict[str, Json]:
        """Returns the JSON body of routes that answer errors with one text and no code."""
        return {"error": " ".join(self.suberrors or [self.detail])}

    def headers(self) -> Mapping[str, str]:
        """Returns additional headers of the response."""
        return {}


class BadRequestError(MakeError):
    """400: the request cannot be understood as a whole."""


class RequestValidationError(MakeError):
    """400: one or more parameters are wrong; each is named in ``suberrors``."""

    def __init__(self, issues: Sequence[str], *, hint: str | None = None) -> None:
        super().__init__(f"Validation failed for {len(issues)} parameter(s).", suberrors=issues, hint=hint)


class StorageFullError(MakeError):
    """400 IM003: the storage is full."""

    code = "IM003"
    message = "Not enough space in storage."
    has_detail = False


class FeatureUnavailableError(MakeError):
    """400 IM027: the plan of the organization has no custom properties."""

    code = "IM027"
    message = "Feature is not available"


class MissingDataError(MakeError):
    """404 IM013: there are no data yet that the request could change."""

    status = 404
    code = "IM013"
    message = "Entity not found"


class InvalidInputError(MakeError):
    """400 IM005: the parameters do not fit the resource."""

    code = "IM005"
    message = "Invalid input parameters"


class InvalidBlueprintError(MakeError):
    """400 IM007: the blueprint is inconsistent or names what does not exist."""

    code = "IM007"
    message = "Invalid blueprint"


class EntityLimitError(MakeError):
    """400 IM011: the plan allows no more of these."""

    code = "IM011"
    message = "Entity limit exceeded"


class BlockedByDependencyError(MakeError):
    """422 IM016: other resources depend on this one."""

    status = 422
    code = "IM016"
    message = "Action is not possible due to dependencies"


class UnauthorizedError(MakeError):
    """401 IM015: the request has no token. The vendor's OpenAPI document shows the body without a detail."""

    status = 401
    code = "IM015"
    message = "User is not logged in."
    has_detail = False


class InvalidTokenError(UnauthorizedError):
    """401 SC401: the token is not one that this zone knows. Recorded with an empty list of suberrors."""

    code = "SC401"
    message = "Access denied"
    has_detail = True

    def __init__(self, reason: str) -> None:
        super().__init__("Invalid token header.", suberrors=[], hint=reason)
        self.reason = reason


class WrongZoneError(InvalidTokenError):
    """401: the token belongs to another zone than the one that was called; the body does not say so."""


class PlanUpgradeError(MakeError):
    """402: the plan of the organization does not include this."""

    status = 402
    code = "SC402"
    message = "Payment Required"


class ForbiddenError(MakeError):
    """403: the token lacks a scope, or its user a permission."""

    status = 403
    code = "SC403"
    message = "Permission denied"

    def __init__(self, detail: str = "Access denied.") -> None:
        super().__init__(detail)


class PaymentRequiredError(MakeError):
    """402: the plan does not include the feature. The status was measured, the body is not known."""

    status = 402
    code = "SC402"
    message = "Payment Required"


class ApiAccessError(ForbiddenError):
    """403: the plan includes no access by token. Recorded until spring 2026, with an empty list of suberrors."""

    def __init__(self, *, hint: str | None = None) -> None:
        super().__init__("Forbidden to use token authorization for this organization.")
        self.suberrors = []
        self.hint = hint


class PolicyError(ForbiddenError):
    """403: an agent lacks a grant. The body is that of a missing scope; the hint names the grant."""

    def __init__(self, *, hint: str) -> None:
        super().__init__()
        self.hint = hint


class VpnAccessError(MakeError):
    """403 IM121: the route is for the staff of Make."""

    status = 403
    code = "IM121"
    message = "VPN access only"


class InsufficientRightsError(MakeError):
    """403 IM002: the user's role lacks a permission, or the user does not see the team or organization of a query or a body."""

    status = 403
    code = "IM002"
    message = "Insufficient rights"


class HookAssignedError(MakeError):
    """422 IM000: the hook of a blueprint triggers another scenario. No source shows the status."""

    status = 422
    code = "IM000"
    message = "The hook already has a scenario assigned"


class InvalidSchedulingTypeError(MakeError):
    """422 IM307: the scheduling has a type that there is not."""

    status = 422
    code = "IM307"
    message = "Unprocessable Entity"


class ScenarioStateError(MakeError):
    """422 IM306: a start or a stop of a scenario that is in that state already. No source shows the status."""

    status = 422
    code = "IM306"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.message = message


class ScenarioNotActivatedError(MakeError):
    """422 IM325: a run was requested of a scenario that is not active."""

    status = 422
    code = "IM325"
    message = "Scenario is not activated"


class ResourceNotFoundError(MakeError):
    """404: the resource does not exist, or the caller may not see it."""

    status = 404
    code = "SC404"
    message = "Not found"


class PackageMissingError(MakeError):
    """404: the app, or its version, is not known."""

    status = 404
    code = "SC404"
    message = "Package not found."
    has_detail = False


class ConnectionMissingError(MakeError):
    """404 IM304: a blueprint names a connection ("account") that its team does not have."""

    status = 404
    code = "IM304"
    message = "Account doesn't exist"


class MethodNotAllowedError(MakeError):
    """405: the path exists, but not for this method."""

    status = 405
    code = "SC405"
    message = "Method Not Allowed"

    def __init__(self, allowed: Sequence[str]) -> None:
        self.allowed = sorted(allowed)
        super().__init__(f"Allowed: {', '.join(self.allowed)}.")

    def headers(self) -> Mapping[str, str]:
        return {"Allow": ", ".join(self.allowed)}


class ConfirmationRequiredError(MakeError):
    """406 IM004: the request lacks ``confirmed=true``.

    The body has no detail, and ``metadata`` says what has to be confirmed (the vendor's OpenAPI document).
    """

    status = 406
    code = "IM004"
    message = "Confirmation required."
    has_detail = False

    def __init__(self, action: str = "confirm", data: Sequence[Json] = ()) -> None:
        super().__init__()
        item: dict[str, Json] = {"type": action, "data": [*data]} if data else {"type": action}
        self.extra = {"metadata": [item]}


class QueueNotEmptyError(ConfirmationRequiredError):
    """406 IM405: the deletion would take queued messages along, and lacks ``confirmed=true``."""

    code = "IM405"


class PrivateSpacesUnavailableError(MakeError):
    """403 IM903: the plan of the organization has no private spaces."""

    status = 403
    code = "IM903"
    message = "Feature is not available"


class ConflictError(MakeError):
    """409: the change is based on an outdated version; the body has the current one."""

    status = 409
    code = "SC409"
    message = "Conflict"


class PayloadTooLargeError(MakeError):
    """413: the body of a request to the emulator's own API, or a response, is larger than allowed."""

    status = 413
    code = "SC413"
    message = "Payload Too Large"


class BodyTooLargeError(MakeError):
    """400: the body of a request is larger than allowed. Measured in this shape: a detail, and no code."""

    code = ""

    def __init__(self) -> None:
        super().__init__("request entity too large", hint=f"The body has more than {BODY_LIMIT} bytes.")

    def body(self) -> dict[str, Json]:
        return {"detail": self.detail}


class UnsupportedMediaTypeError(MakeError):
    """415: the body has a content type or a content coding that is not accepted."""

    status = 415
    code = "SC415"
    message = "Unsupported Media Type"


class MisdirectedRequestError(MakeError):
    """421: the host name of the request is not one of this server."""

    status = 421
    code = "SC421"
    message = "Misdirected Request"


class UnprocessableError(MakeError):
    """422: the request is valid, and what it names is not fit for it."""

    status = 422
    code = "SC422"
    message = "Unprocessable Entity"


class FailedDependencyError(MakeError):
    """424: a dependency of the request crashed or timed out."""

    status = 424
    code = "SC424"
    message = "The request failed due to failure of a previous request."


class ActionFailureError(FailedDependencyError):
    """424: the service behind a connection rejected it. Observed in this shape: no detail, and the cause in a suberror."""

    def body(self) -> dict[str, Json]:
        suberrors = [{"message": self.detail, "name": "RuntimeError"}]
        return {"message": self.message, "code": self.code, "suberrors": suberrors}


class RateLimitError(MakeError):
    """429: the organization made more requests in a minute than its plan allows."""

    status = 429
    code = "SC429"
    message = "Requests limit for organization exceeded, please try again later."


class OrganizationPausedError(MakeError):
    """429 IM310: the organization has used up its operations."""

    status = 429
    code = "IM310"
    message = "Organization is paused."


class ServiceUnavailableError(MakeError):
    """503: a dependency of the service is down."""

    status = 503
    code = "SC503"
    message = "Service Unavailable"


class InternalServerError(MakeError):
    """500: a defect of the emulator; the cause is in its log only."""

    status = 500
    code = "SC500"
    message = "Internal Server Error"


def _conflict(error: exceptions.VersionConflictError) -> ConflictError:
    conflict = ConflictError(error.detail)
    conflict.extra = {"currentVersion": error.current_version, "lastEdit": format_iso(error.last_edit)}
    return conflict


#: Error of the world -> the error of Make that clients get. The first class of its MRO that is listed counts, so an
#: error that is not named is a 400.
_FROM_DOMAIN_ERROR: Mapping[type[exceptions.DomainError], Callable[[Any], MakeError]] = {
    exceptions.DomainError: lambda error: BadRequestError(error.detail),
    exceptions.ScenarioNotActiveError: lambda _: ScenarioNotActivatedError(),
    exceptions.ScenarioStateError: lambda error: ScenarioStateError(error.detail),
    exceptions.InvalidSchedulingTypeError: lambda _: InvalidSchedulingTypeError(),
    exceptions.HookTakenError: lambda _: HookAssignedError(),
    exceptions.UnknownConnectionTypeError: lambda error: FailedDependencyError(error.detail),
    exceptions.InvalidParametersError: lambda error: RequestValidationError(error.issues),
    exceptions.NotFoundError: lambda error: ResourceNotFoundError(
        error.detail[:1].upper() + error.detail[1:]
    ),
    exceptions.AccessDeniedError: lambda error: ForbiddenError(error.detail),
    exceptions.OwnerNotVisibleError: lambda error: InsufficientRightsError(error.detail),
    exceptions.MissingPermissionError: lambda error: InsufficientRightsError(error.detail),
    exceptions.PrivateSpacesUnavailableError: lambda error: PrivateSpacesUnavailableError(error.detail),
    exceptions.QueuedMessagesError: lambda error: QueueNotEmptyError(error.action, error.data),
    exceptions.NotConfirmedError: lambda error: ConfirmationRequiredError(error.action, error.data),
    exceptions.IncompatibleInputError: lambda error: InvalidInputError(error.detail),
    exceptions.PackageNotFoundError: lambda error: PackageMissingError(),
    exceptions.MissingDataError: lambda error: MissingDataError(error.detail),
    exceptions.MissingDependencyError: lambda error: ServiceUnavailableError(error.detail),
    exceptions.StateNotStoredError: lambda error: ServiceUnavailableError(error.detail),
    exceptions.ActionFailedError: lambda error: ActionFailureError(error.detail),
    exceptions.OutOfSpaceError: lambda error: StorageFullError(error.detail),
    exceptions.ConnectionNotFoundError: lambda error: ConnectionMissingError(error.detail),
    exceptions.VersionConflictError: _conflict,
    exceptions.OperationsExhaustedError: lambda error: OrganizationPausedError(error.detail),
    exceptions.ExecutionTimeoutError: lambda error: FailedDependencyError(error.detail),
    exceptions.NotReplayableError: lambda error: UnprocessableError(error.detail),
    exceptions.MalformedBlueprintError: lambda error: InvalidBlueprintError(error.detail),
    exceptions.PlanLimitError: lambda error: EntityLimitError(error.detail),
    exceptions.ResourceInUseError: lambda error: BlockedByDependencyError(error.detail),
    exceptions.ResponseTooLargeError: lambda error: PayloadTooLargeError(error.detail),
}


def from_domain_error(error: exceptions.DomainError) -> MakeError:
    """Returns the error of Make for an error of the world."""
    build = next(_FROM_DOMAIN_ERROR[kind] for kind in type(error).__mro__ if kind in _FROM_DOMAIN_ERROR)
    make_error = build(error)
    make_error.hint = error.hint
    return make_error


def from_http_exception(error: HTTPException, method: str, path: str) -> MakeError:
    """Returns the error of Make for an exception that Flask or Werkzeug raised."""
    match error:
        case RequestEntityTooLarge():
            return PayloadTooLargeError(f"The body is larger than {BODY_LIMIT} bytes.")
        case MethodNotAllowed(valid_methods=methods):
            return MethodNotAllowedError([method for method in methods or () if method != "HEAD"])
        case HTTPException(code=404):
            # The path of an MCP server may have a token.
            return ResourceNotFoundError(f"No route {method} {LOG_REDACTOR.mask_text(path)}.")
    return BadRequestError(error.description or "", suberrors=[])
