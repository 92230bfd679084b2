"""Domain errors, raised when an operation is rejected; `make_emulator.http.errors` maps them to responses of Make's API."""

from __future__ import annotations

from collections.abc import Sequence

from ..json_types import Json


class DomainError(Exception):
    """Base of the domain errors; the state is unchanged.

    Args:
        detail: Make's text.
        hint: what Make's text leaves out, in one sentence: the parameter or module, what was given, what is allowed or
            the nearest thing that exists. It never shows what the caller may not see.
    """

    def __init__(self, detail: str = "", *, hint: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint


class NotFoundError(DomainError):
    """The resource does not exist, or is not visible to the user; callers cannot distinguish the two."""

    def __init__(self, kind: str, key: object) -> None:
        super().__init__(f"{kind} '{key}' not found.")
        self.kind = kind
        self.key = key


class StateNotStoredError(DomainError):
    """The change could not be stored, and was undone: the disk is full, or the file cannot be written."""


class ConnectionNotFoundError(DomainError):
    """A blueprint uses a connection that its team does not have."""


class InvalidParametersError(DomainError):
    """Invalid parameters; ``issues`` has one text for each."""

    def __init__(self, *issues: str, hint: str | None = None) -> None:
        super().__init__(f"Validation failed for {len(issues)} parameter(s).", hint=hint)
        self.issues: Sequence[str] = issues


class AccessDeniedError(DomainError):
    """The user is not allowed to do that, whatever the scopes of the token."""


class MissingPermissionError(DomainError):
    """The user's role lacks a permission that the operation requires."""

    def __init__(self, permission: str) -> None:
        super().__init__(f'Insufficient rights, admin permission "{permission}" is needed.')
        self.permission = permission


class OwnerNotVisibleError(DomainError):
    """A query or a body names a team or an organization that the user does not see, or that does not exist (Make's IM002)."""

    def __init__(self, *, hint: str | None = None) -> None:
        # Observed with this permission for teams, too.
        super().__init__('Insufficient rights, admin permission "organization view" is needed.', hint=hint)


class NotConfirmedError(DomainError):
    """An operation that requires ``confirmed=true``.

    Args:
        reason: a sentence that says why.
        action: the name of what has to be confirmed, such as ``deleteTeam``.
        data: what it concerns.
    """

    def __init__(self, reason: str, action: str = "confirm", data: Sequence[Json] = ()) -> None:
        super().__init__(reason, hint=f"{reason} The query parameter confirmed=true confirms it.")
        self.action = action
        self.data = data


class PrivateSpacesUnavailableError(DomainError):
    """The plan of the organization has no private spaces."""


class QueuedMessagesError(NotConfirmedError):
    """A deletion that requires ``confirmed=true``, because there are messages in the queue."""


class IncompatibleInputError(DomainError):
    """The input does not fit the type of the resource."""


class PackageNotFoundError(DomainError):
    """The app, or its version, is not known."""


class MissingDataError(DomainError):
    """The resource has no data of that kind yet, which the operation would change."""


class MissingDependencyError(DomainError):
    """An optional dependency that the operation needs is not installed; the text names it."""


class ActionFailedError(DomainError):
    """An external service rejected the operation; the text is its message."""


class OutOfSpaceError(DomainError):
    """The storage is full."""


class ResourceInUseError(DomainError):
    """Another resource depends on this one."""


class HookTakenError(DomainError):
    """A blueprint names a hook that triggers another scenario (Make's IM000)."""

    def __init__(self, *, hint: str | None = None) -> None:
        super().__init__("The hook already has a scenario assigned", hint=hint)


class InvalidStateError(DomainError):
    """The resource is not in a state that allows the operation."""


class ScenarioNotActiveError(InvalidStateError):
    """A run was requested of a scenario that is not active (Make's IM325)."""

    def __init__(self, *, hint: str | None = None) -> None:
        super().__init__("Scenario is not activated", hint=hint)


class ScenarioStateError(InvalidStateError):
    """A start of an active scenario, or a stop of one that is not active (Make's IM306)."""


class NotReplayableError(DomainError):
    """The data that an execution received are not stored any more, or never were."""


class PlanLimitError(DomainError):
    """The limit of the plan is reached."""


class QueueFullError(DomainError):
    """The queue of a hook holds as much as the plan allows."""


class MalformedBlueprintError(DomainError):
    """An inconsistent blueprint, or one that refers to unknown modules."""


class IncompatibleConnectionError(MalformedBlueprintError):
    """A module of a blueprint does not take a connection of that type (Make's IM007)."""


class InvalidSchedulingTypeError(DomainError):
    """A scheduling has a type that there is not (Make's IM307)."""


class IntervalTooShortError(DomainError):
    """A scheduling has a shorter interval than the plan allows."""

    def __init__(self, *, hint: str | None = None) -> None:
        super().__init__("Scenario execution interval is too short", hint=hint)


class ResponseTooLargeError(DomainError):
    """The response is larger than the caller allows."""


class UnknownConnectionTypeError(DomainError):
    """There is no connection type of that name."""

    def __init__(self, name: str, *, hint: str | None = None) -> None:
        super().__init__(f"Failed to load manifest for connection '{name}'", hint=hint)


class VersionConflictError(DomainError):
    """The update is based on an outdated version."""

    def __init__(self, current_version: int, last_edit: int) -> None:
        super().__init__("The scenario was changed in the meantime.")
        self.current_version = current_version
        self.last_edit = last_edit


class OperationsExhaustedError(DomainError):
    """The organization has no operations left."""


class ExecutionTimeoutError(DomainError):
    """The execution takes longer than the caller can wait; it continues."""
