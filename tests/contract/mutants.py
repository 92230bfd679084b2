"""Emulators that do one thing otherwise than the emulator does: the suite has to find each of them.

They are made here, around the application of a test's own server: no user can come by one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Request, Response

from make_emulator.app import API_PREFIX

WsgiEnviron = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One way to be wrong.

    Args:
        report_pattern: what the report must say, of a failure or of a drift.
        test_expression: the tests that may find it, as pytest's ``-k``.
        request: bends what arrives, or answers in place of the emulator.
        response: bends what is answered.
        is_only_reported: whether it is only reported, and fails no test.
    """

    name: str
    report_pattern: str
    test_expression: str
    request: Callable[[WsgiEnviron, str], Response | None] | None = None
    response: Callable[[Request, Response], None] | None = None
    is_only_reported: bool = False


class MutatedApp:
    """A WSGI application with a mutant in front of it; without one, the application itself."""

    def __init__(self, app: Any) -> None:
        self._app = app
        #: The token with every scope.
        self.admin = ""
        self.mutant: Mutant | None = None

    def __call__(self, environ: WsgiEnviron, start_response: Any) -> Iterable[bytes]:
        mutant = self.mutant
        if mutant is None or environ["PATH_INFO"].startswith("/_emulator"):
            answered: Iterable[bytes] = self._app(environ, start_response)
            return answered
        requested = Request(dict(environ), populate_request=False)
        response = mutant.request(environ, self.admin) if mutant.request else None
        if response is None:
            body, status, headers = run_wsgi_app(self._app, environ, buffered=True)
            response = Response(b"".join(body), status, headers)
        if mutant.response:
            mutant.response(requested, response)
        return response(environ, start_response)


# --- ways to bend a request ----------------------------------------------------------------------


def _drop_query_params(*names: str) -> Callable[[WsgiEnviron, str], None]:
    """Leave parameters out of the query."""

    def bend(environ: WsgiEnviron, admin: str) -> None:
        pairs = parse_qsl(environ["QUERY_STRING"], keep_blank_values=True)
        environ["QUERY_STRING"] = urlencode([(name, value) for name, value in pairs if name not in names])

    return bend


def _add_confirmation(environ: WsgiEnviron, admin: str) -> None:
    if environ["REQUEST_METHOD"] == "DELETE" and "confirmed" not in environ["QUERY_STRING"]:
        environ["QUERY_STRING"] += ("&" if environ["QUERY_STRING"] else "") + "confirmed=true"


def _ignore_scenario_deletion(environ: WsgiEnviron, admin: str) -> Response | None:
    """Say that a scenario was deleted, and keep it."""
    found = re.fullmatch(f"{API_PREFIX}/scenarios/([0-9]+)", environ["PATH_INFO"])
    if found is None or environ["REQUEST_METHOD"] != "DELETE":
        return None
    return _json_response({"scenario": int(found[1])})


def _use_admin_token(pattern: str) -> Callable[[WsgiEnviron, str], None]:
    """Let anybody do what a path offers."""

    def bend(environ: WsgiEnviron, admin: str) -> None:
        if re.fullmatch(pattern, environ["PATH_INFO"]):
            environ["HTTP_AUTHORIZATION"] = f"Token {admin}"

    return bend


def _add_admin_token(environ: WsgiEnviron, admin: str) -> None:
    environ.setdefault("HTTP_AUTHORIZATION", f"Token {admin}")


def _add_team_id(environ: WsgiEnviron, admin: str) -> None:
    if environ["PATH_INFO"] == f"{API_PREFIX}/hooks" and "teamId" not in environ["QUERY_STRING"]:
        environ["QUERY_STRING"] += "&teamId=1"


def _replace_method(method: str, other: str, pattern: str) -> Callable[[WsgiEnviron, str], None]:
    """Do what another method does."""

    def bend(environ: WsgiEnviron, admin: str) -> None:
        if environ["REQUEST_METHOD"] == method and re.fullmatch(pattern, environ["PATH_INFO"]):
            environ["REQUEST_METHOD"] = other

    return bend


def _lowercase_path(environ: WsgiEnviron, admin: str) -> None:
    if environ["REQUEST_METHOD"] == "GET":
        environ["PATH_INFO"] = environ["PATH_INFO"].lower()
        environ["REQUEST_URI"] = environ["PATH_INFO"]


# --- ways to bend an answer ----------------------------------------------------------------------


def _json_response(body: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, content_type="application/json; charset=utf-8")


def _change_body(change: Callable[[Request, Any], Any]) -> Callable[[Request, Response], None]:
    """Change the JSON of a success."""

    def bend(request: Request, response: Response) -> None:
        if response.status_code == 200 and response.mimetype == "application/json":
            response.set_data(orjson.dumps(change(request, orjson.loads(response.get_data()))))

    return bend


def _change_rows(key: str, change: Callable[[Any], Any]) -> Callable[[Request, Response], None]:
    """Change what stands under a key: a row, or each row of a list."""

    def bend(request: Request, body: Any) -> Any:
        if isinstance(body, dict) and key in body:
            rows = body[key]
            # A deletion has an id there.
            if isinstance(rows, list):
                body[key] = [change(row) for row in rows]
            elif isinstance(rows, dict):
                body[key] = change(rows)
        return body

    return _change_body(bend)


def _remove_field(name: str) -> Callable[[Any], Any]:
    return lambda row: {key: value for key, value in row.items() if key != name}


def _change_field(name: str, change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda row: {key: change(value) if key == name else value for key, value in row.items()}


def _change_status(before: int, after: int, method: str = "") -> Callable[[Request, Response], None]:
    def bend(request: Request, response: Response) -> None:
        if response.status_code == before and method in ("", request.method):
            response.status_code = after

    return bend


def _change_error_body(change: Callable[[Any], Any]) -> Callable[[Request, Response], None]:
    """Change the JSON of an error."""

    def bend(request: Request, response: Response) -> None:
        if response.status_code >= 400 and response.mimetype == "application/json":
            response.set_data(orjson.dumps(change(orjson.loads(response.get_data()))))

    return bend


def _remove_rate_limit_headers(request: Request, response: Response) -> None:
    for name in ("Limit", "Remaining", "Reset"):
        response.headers.pop(f"X-RateLimit-{name}", None)


def _remove_run_outputs(request: Request, body: Any) -> Any:
    return _remove_field("outputs")(body) if request.path.endswith("/run") else body


def _reverse_logs(request: Request, body: Any) -> Any:
    if "scenarioLogs" in body:
        body["scenarioLogs"].reverse()
    return body


def _return_202_from_hooks(request: Request, response: Response) -> None:
    if request.path.startswith("/hook/") and response.status_code == 200:
        response.status_code = 202


def _leak_secret(request: Request, body: Any) -> Any:
    if isinstance(body, dict) and isinstance(body.get("connection"), dict):
        body["connection"]["apiKey"] = "contract-secret-key"
    return body


_RECORD_PATH = f"{API_PREFIX}/data-stores/[0-9]+/data/[^/]+"

MUTANTS = [
    Mutant(
        "a field is missing",
        r"drift .*GET /scenarios/\{scenarioId\} scenario.lastEdit missing",
        "test_a_scenario_comes_without",
        response=_change_rows("scenario", _remove_field("lastEdit")),
    ),
    Mutant(
        "a field has another type",
        r"drift .*GET /hooks hooks\[\].queueCount type integer string",
        "test_the_list_shows_the_hooks",
        response=_change_rows("hooks", _change_field("queueCount", str)),
    ),
    Mutant(
        "an id is a text",
        r"drift .*GET /data-stores dataStores\[\].id type integer string",
        "test_the_list_shows_the_stores",
        response=_change_rows("dataStores", _change_field("id", str)),
    ),
    Mutant(
        "a field is new",
        r"drift .*GET /teams teams\[\].colour unknown nothing string",
        "test_private_spaces",
        response=_change_rows("teams", lambda row: {**row, "colour": "red"}),
        is_only_reported=True,
    ),
    Mutant(
        "a field of the page has another type",
        r"drift .*GET /hooks pg.limit type integer string",
        "test_the_answer_repeats_the_page and hooks",
        response=_change_rows("pg", _change_field("limit", str)),
    ),
    Mutant(
        "the page is missing",
        r"drift .*GET /teams pg missing",
        "test_the_answer_repeats_the_page and teams",
        response=_change_body(lambda request, body: _remove_field("pg")(body)),
    ),
    Mutant(
        "the offset is ignored",
        r"test_the_offset_leaves_out_the_first_rows\[GET /hooks\]",
        "test_the_offset and hooks",
        request=_drop_query_params("pg[offset]"),
    ),
    Mutant(
        "the limit is ignored",
        r"test_a_page_holds_as_many_rows_as_asked_for\[GET /hooks\]",
        "test_a_page_holds and hooks",
        request=_drop_query_params("pg[limit]"),
    ),
    Mutant(
        "the order is ignored",
        r"test_rows_come_in_the_order_asked_for\[GET /hooks by name\]",
        "test_rows_come_in_the_order and hooks",
        request=_drop_query_params("pg[sortDir]"),
    ),
    Mutant(
        "the columns are ignored",
        r"test_just_the_columns_come_that_were_asked_for\[GET /scenarios\]",
        "test_just_the_columns and scenarios",
        request=_drop_query_params("cols[]"),
    ),
    Mutant(
        "a filter is ignored",
        r"test_the_list_can_be_narrowed_to_what_is_live\[isActive\]",
        "test_the_list_can_be_narrowed_to_what_is_live",
        request=_drop_query_params("isActive"),
    ),
    Mutant(
        "403 instead of 404",
        r"GET /teams/\{teamId\} answered 403, not 404",
        "test_a_path_to_what_is_out_of_sight and teams",
        response=_change_status(404, 403),
    ),
    Mutant(
        "404 instead of 403",
        r"GET /users answered 404, not 403",
        "test_a_token_that_lacks_the_scope and users",
        response=_change_status(403, 404),
    ),
    Mutant(
        "201 instead of 200",
        r"POST /hooks answered 201, not 200",
        "test_a_hook_is_made_with_the_fields",
        response=_change_status(200, 201, "POST"),
    ),
    Mutant(
        "204 for a deletion",
        r"DELETE /hooks/\{hookId\} answered 204, not 200",
        "test_a_deleted_hook_is_gone",
        response=_change_status(200, 204, "DELETE"),
    ),
    Mutant(
        "no confirmation is needed",
        r"DELETE /hooks/\{hookId\} answered 200, not 406",
        "test_a_hook_that_a_scenario_uses_is_deleted",
        request=_add_confirmation,
    ),
    Mutant(
        "a deletion keeps",
        r"test_a_deleted_scenario_is_gone",
        "test_a_deleted_scenario_is_gone",
        request=_ignore_scenario_deletion,
    ),
    Mutant(
        "a wrong scope is accepted",
        r"GET /users answered 200, not 403",
        "test_a_token_that_lacks_the_scope and users",
        request=_use_admin_token(f"{API_PREFIX}/users"),
    ),
    Mutant(
        "no token is needed",
        r"GET /users/me answered 200, not 401",
        "test_a_call_without_a_token",
        request=_add_admin_token,
    ),
    Mutant(
        "a required parameter is not",
        r"test_a_missing_parameter_is_named\[GET /hooks teamId\]",
        "test_a_missing_parameter and hooks",
        request=_add_team_id,
    ),
    Mutant(
        "the code of an error is another",
        r"with the code 400, not SC400",
        "test_a_missing_parameter and hooks",
        response=_change_error_body(_change_field("code", lambda code: code.removeprefix("SC"))),
    ),
    Mutant(
        "an error has no message",
        r"drift .*GET /hooks message missing",
        "test_a_missing_parameter and hooks",
        response=_change_error_body(_remove_field("message")),
    ),
    Mutant(
        "a record that is put is patched",
        r"test_a_record_that_is_put_loses_what_is_not_sent",
        "test_a_record_that_is_put_loses",
        request=_replace_method("PUT", "PATCH", _RECORD_PATH),
    ),
    Mutant(
        "a record that is patched is put",
        r"test_a_record_that_is_patched_keeps_what_is_not_sent",
        "test_a_record_that_is_patched_keeps",
        request=_replace_method("PATCH", "PUT", _RECORD_PATH),
    ),
    Mutant(
        "paths are read in any case",
        r"test_a_path_is_spelled_in_one_way_only\[/users/ME\]",
        "test_a_path_is_spelled",
        request=_lowercase_path,
    ),
    Mutant(
        "the logs come oldest first",
        r"test_the_logs_show_the_runs",
        "test_the_logs_show_the_runs",
        response=_change_body(_reverse_logs),
    ),
    Mutant(
        "a run forgets its outputs",
        r"test_a_run_that_is_waited_for_answers_its_outputs",
        "test_a_run_that_is_waited_for",
        response=_change_body(_remove_run_outputs),
    ),
    Mutant(
        "the limits are not told",
        r"test_a_call_tells_how_many_are_left\[GET /hooks\]",
        "test_a_call_tells and hooks",
        response=_remove_rate_limit_headers,
    ),
    Mutant(
        "a hook answers 202",
        r"test_what_comes_while_the_scenario_is_not_live",
        "test_what_comes_while",
        response=_return_202_from_hooks,
    ),
    Mutant(
        "a secret is shown",
        r"test_what_a_connection_is_made_with_is_never_shown",
        "test_what_a_connection_is_made_with",
        response=_change_body(_leak_secret),
    ),
]
