"""Order of the steps of a pipeline, and the mapping of errors to responses."""

from __future__ import annotations

import inspect
from dataclasses import replace

import pytest
from flask import Response
from werkzeug.exceptions import MethodNotAllowed, RequestEntityTooLarge

from helpers.api import ApiClient
from make_emulator.app import registry_of
from make_emulator.http.context import DirectInput, RequestContext
from make_emulator.http.errors import BODY_LIMIT, MakeError, from_domain_error, from_http_exception
from make_emulator.http.pipeline import API_PIPELINE, Pipeline
from make_emulator.http.request_log import LogEntry
from make_emulator.http.steps import authorization, policy
from make_emulator.world import exceptions


@pytest.fixture
def context(api: ApiClient) -> RequestContext:
    return RequestContext(registry_of(api.app), DirectInput(), LogEntry("GET", "/any"))


def respond(context: RequestContext) -> None:
    context.response = Response("done")


def failed(context: RequestContext, error: Exception) -> Response:
    return Response(str(error), status=500)


def test_the_first_response_ends_the_request_steps(context: RequestContext) -> None:
    passed: list[str] = []
    pipeline: Pipeline[RequestContext] = Pipeline(
        request_steps=[
            lambda context: passed.append("first"),
            respond,
            lambda context: passed.append("never"),
        ],
        response_steps=[lambda context: passed.append("second"), lambda context: passed.append("third")],
        error_response=failed,
    )
    assert pipeline.run(context).get_data() == b"done"
    assert passed == ["first", "second", "third"]


def test_the_response_steps_see_the_response_of_an_error(context: RequestContext) -> None:
    def fail(context: RequestContext) -> None:
        raise ValueError("broken")

    seen: list[bytes] = []

    def look(context: RequestContext) -> None:
        assert context.response is not None
        seen.append(context.response.get_data())

    assert Pipeline([fail], [look], failed).run(context).status_code == 500
    assert seen == [b"broken"]


@pytest.mark.parametrize("fails", [False, True])
def test_resources_are_released_before_the_response_steps(context: RequestContext, fails: bool) -> None:
    passed: list[str] = []

    def acquire(context: RequestContext) -> None:
        context.resources.callback(passed.append, "released")
        if fails:
            raise ValueError
        respond(context)

    Pipeline([acquire], [lambda context: passed.append("response")], failed).run(context)
    assert passed == ["released", "response"]


def test_a_step_is_added_in_one_line(api: ApiClient) -> None:
    steps = [*API_PIPELINE.request_steps]
    steps.insert(steps.index(authorization.check_plan) + 1, respond)
    extended = replace(API_PIPELINE, request_steps=steps)
    assert extended.request_steps[steps.index(respond) + 1] is policy.check
    assert respond not in API_PIPELINE.request_steps


# --- errors --------------------------------------------------------------------------------------

DOMAIN_ERRORS: dict[type[exceptions.DomainError], tuple[int, str]] = {
    exceptions.DomainError: (400, "SC400"),
    exceptions.InvalidParametersError: (400, "SC400"),
    exceptions.NotFoundError: (404, "SC404"),
    exceptions.ConnectionNotFoundError: (404, "IM304"),
    exceptions.AccessDeniedError: (403, "SC403"),
    exceptions.IncompatibleConnectionError: (400, "IM007"),
    exceptions.IntervalTooShortError: (400, "SC400"),
    exceptions.InvalidSchedulingTypeError: (422, "IM307"),
    exceptions.HookTakenError: (422, "IM000"),
    exceptions.OwnerNotVisibleError: (403, "IM002"),
    exceptions.ScenarioNotActiveError: (422, "IM325"),
    exceptions.ScenarioStateError: (422, "IM306"),
    exceptions.UnknownConnectionTypeError: (424, "SC424"),
    exceptions.MissingPermissionError: (403, "IM002"),
    exceptions.NotConfirmedError: (406, "IM004"),
    exceptions.PrivateSpacesUnavailableError: (403, "IM903"),
    exceptions.QueuedMessagesError: (406, "IM405"),
    exceptions.IncompatibleInputError: (400, "IM005"),
    exceptions.MissingDataError: (404, "IM013"),
    exceptions.MissingDependencyError: (503, "SC503"),
    exceptions.StateNotStoredError: (503, "SC503"),
    exceptions.ActionFailedError: (424, "SC424"),
    exceptions.OutOfSpaceError: (400, "IM003"),
    exceptions.ResourceInUseError: (422, "IM016"),
    exceptions.InvalidStateError: (400, "SC400"),
    exceptions.NotReplayableError: (422, "SC422"),
    exceptions.PackageNotFoundError: (404, "SC404"),
    exceptions.PlanLimitError: (400, "IM011"),
    exceptions.QueueFullError: (400, "SC400"),
    exceptions.MalformedBlueprintError: (400, "IM007"),
    exceptions.ResponseTooLargeError: (413, "SC413"),
    exceptions.VersionConflictError: (409, "SC409"),
    exceptions.OperationsExhaustedError: (429, "IM310"),
    exceptions.ExecutionTimeoutError: (424, "SC424"),
}


def test_every_error_of_the_world_has_its_error_of_make() -> None:
    declared = {
        kind
        for _, kind in inspect.getmembers(exceptions, inspect.isclass)
        if issubclass(kind, exceptions.DomainError)
    }
    assert declared == DOMAIN_ERRORS.keys()


@pytest.mark.parametrize("kind", DOMAIN_ERRORS, ids=lambda kind: kind.__name__)
def test_an_error_of_the_world_becomes_that_error_of_make(kind: type[exceptions.DomainError]) -> None:
    arguments = ["x"] * len([p for p in inspect.signature(kind).parameters.values() if p.default is p.empty])
    error = kind(7, 8) if kind is exceptions.VersionConflictError else kind(*arguments)
    make_error = from_domain_error(error)
    assert (make_error.status, make_error.code, make_error.hint) == (*DOMAIN_ERRORS[kind], error.hint)


def test_a_conflict_has_the_current_version() -> None:
    body = from_domain_error(exceptions.VersionConflictError(7, 0)).body()
    assert (body["currentVersion"], body["lastEdit"]) == (7, "1970-01-01T00:00:00.000Z")


def test_a_subclass_is_mapped_like_its_base() -> None:
    class NoScenarioError(exceptions.NotFoundError):
        """A case of its own."""

    error = from_domain_error(NoScenarioError("scenario", 9))
    assert (error.status, error.detail) == (404, "Scenario '9' not found.")


@pytest.mark.parametrize(
    ("error", "status", "detail"),
    [
        (RequestEntityTooLarge(), 413, f"The body is larger than {BODY_LIMIT} bytes."),
        (MethodNotAllowed(["POST", "HEAD", "GET"]), 405, "Allowed: GET, POST."),
    ],
)
def test_an_error_of_werkzeug_becomes_an_error_of_make(error: Exception, status: int, detail: str) -> None:
    make_error: MakeError = from_http_exception(error, "PUT", "/api/v2/x")  # type: ignore[arg-type]
    assert (make_error.status, make_error.detail) == (status, detail)
