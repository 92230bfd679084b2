"""Why the world declines a wish, in the words of the domain; `make_emulator.http.errors` gives them Make's shape."""

from __future__ import annotations

from collections.abc import Sequence


class DomainError(Exception):
    """The world declines; nothing was changed."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail


class NotFoundError(DomainError):
    """The thing does not exist, or lies outside of the user's reach: the two look the same."""

    def __init__(self, kind: str, key: object) -> None:
        super().__init__(f"{kind} '{key}' not found.")
        self.kind = kind
        self.key = key


class ConnectionNotFoundError(DomainError):
    """A blueprint uses a connection that its team does not have."""


class InvalidParametersError(DomainError):
    """A wish that makes no sense; one text for each fault found."""

    def __init__(self, *faults: str) -> None:
        super().__init__(f"Validation failed for {len(faults)} parameter(s).")
        self.issues: Sequence[str] = faults


class AccessDeniedError(DomainError):
    """The user may not do that, whatever the token says."""


class MissingPermissionError(DomainError):
    """The user's role does not include a permission that this needs."""

    def __init__(self, permission: str) -> None:
        super().__init__(f"Insufficient rights, the permission '{permission}' is needed.")
        self.permission = permission


class NotConfirmedError(DomainError):
    """A destructive wish that needs confirmed=true."""


class IncompatibleInputError(DomainError):
    """What was sent does not fit the kind of thing that it was sent to."""


class MissingDependencyError(DomainError):
    """Something that the wish needs is not installed here; the text says what."""


class ActionFailedError(DomainError):
    """Something outside that the wish depends on turned it down; the text is what it said."""


class OutOfSpaceError(DomainError):
    """No room is left in a storage."""


class ResourceInUseError(DomainError):
    """Something else depends on the thing as it is."""


class InvalidStateError(DomainError):
    """The thing is not in a state in which that can be done."""


class PlanLimitError(DomainError):
    """The plan allows no more of these."""


class QueueFullError(DomainError):
    """A hook keeps as much as the plan allows."""


class MalformedBlueprintError(DomainError):
    """A blueprint that names what does not exist or does not hang together."""


class ResponseTooLargeError(DomainError):
    """What was asked for is larger than the asker allowed."""


class VersionConflictError(DomainError):
    """The wish builds on a version that has been succeeded."""

    def __init__(self, current_version: int, last_edit: int) -> None:
        super().__init__("The scenario was changed in the meantime.")
        self.current_version = current_version
        self.last_edit = last_edit


class OperationsExhaustedError(DomainError):
    """The organization has used up what its plan includes."""


class ExecutionTimeoutError(DomainError):
    """Something took longer than the asker can wait; it goes on."""
