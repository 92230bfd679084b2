"""Exchange of a request and its response: by a rule of the world, over the network where allowed, else simulated.

The lock of the world is lent during a network call, so it delays no other request, and a scenario may call its own world. The
time of a response is added to the duration of the run.
Sources: Help centre, "Types of errors", for names of errors; the texts are Node's, or the emulator's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urljoin, urlsplit

import orjson

from ....json_types import as_mapping
from ....lazy_dataclasses import dataclass
from ....redaction.masking import LOG_REDACTOR
from ....world import external_services
from ....world.field_specs import field_name
from ....world.models import Headers, HttpRule, Json, SentRequest
from ....world.settings import UNMATCHED
from ....world.transport import HttpResponse, NoResponseError, OutgoingRequest
from ....world.world import World
from ...errors import BundleValidationError, FatalError, ModuleError, unsupported_module_error
from ...expressions.constraint import Constraint
from ...expressions.values import as_text, to_json_value
from ..context import ModuleContext
from ..simulated import mock_bundle
from .credentials import Credentials
from .requests import build_url

#: Header of a simulated response.
SIMULATED_HEADER = ("x-make-emulator", "simulated")

#: Maximum number of redirects (Node's ``request``).
MAX_REDIRECTS = 10

_TIMEOUT_MESSAGE = "The operation timed out."
_TEXT_TYPE = "text/plain; charset=utf-8"
_DEFAULT_PORTS = {"http": 80, "https": 443}

#: Hint where pagination is not supported, as no public source has the names of its fields.
_RULE_HINT = "A rule for its address that has 'pages' can answer it."


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestOptions:
    """Options of a request.

    Attributes:
        follow_redirects: GET and HEAD follow redirects.
        follow_all_redirects: all methods follow redirects.
        share_cookies: cookies of earlier responses are sent.
        fetch_all_pages: all pages of the response are fetched.
    """

    key: Credentials | None = None
    follow_redirects: bool = True
    follow_all_redirects: bool = False
    share_cookies: bool = False
    fetch_all_pages: bool = False


def send_request(
    context: ModuleContext, request: OutgoingRequest, options: RequestOptions
) -> tuple[OutgoingRequest, HttpResponse]:
    """Sends a request and follows redirects: returns the last request and its response.

    Raises:
        ModuleError: if there is no response.
    """
    for _ in range(MAX_REDIRECTS + 1):
        response = _send_once(
            context, _with_cookies(context, request) if options.share_cookies else request, options
        )
        if options.share_cookies:
            _store_cookies(context, request, response)
        following = _next_request(request, response, options)
        if following is None:
            return request, response
        if not _is_same_host(following.url, request.url):
            options = replace(options, key=None)
        request = following
    raise ModuleError("RuntimeError", "Exceeded maxRedirects. Probably stuck in a redirect loop.")


def _send_once(context: ModuleContext, request: OutgoingRequest, options: RequestOptions) -> HttpResponse:
    """Sends one request, and records it with its response."""
    run, key = context.run, options.key
    world, at = run.world, run.now()
    rule = external_services.match_rule(world, request.method, request.url)
    by = "rule" if rule else "network" if world.transport else _unmatched_response(world)
    if by == "network" and options.fetch_all_pages:
        raise unsupported_module_error(
            f"{context.module.full_name}, with paginationType", context.module.id, _RULE_HINT
        )
    response: HttpResponse | None = None
    error: ModuleError | None = None
    try:
        if rule is not None:
            response = _rule_response(rule, request, with_pages=options.fetch_all_pages)
        elif world.transport is not None:
            sent = key.apply_to(request) if key else request
            # The time of the network is not that of the run.
            with run.budget.paused(), run.lock_lent():
                response = world.transport(sent, world.interruption)
        elif by == "nothing":
            target = f"{request.method} {LOG_REDACTOR.mask_url(request.url)}"
            raise FatalError("RuntimeError", f"No rule matches {target} {_nearest_rule(world, request)}.")
        else:
            response = _mock_response(context)
        if request.method == "HEAD":
            response = replace(response, body=b"", next_pages=())
        run.stopwatch.sleep(response.elapsed)
        return response
    except NoResponseError as failure:
        run.stopwatch.sleep(failure.elapsed)
        error = ModuleError(external_services.ERROR_NAMES[failure.cause], str(failure))
        raise error from None
    except ModuleError as failure:
        error = failure
        raise
    finally:
        external_services.record_request(
            world,
            SentRequest(
                at=at,
                scenario_id=run.scenario.id,
                execution_id=run.execution_id,
                module_id=context.module.id,
                module=context.module.full_name,
                method=request.method,
                url=request.url,
                headers=key.mask_headers(request.headers) if key else request.headers,
                body=request.body.decode("utf-8", "replace") if request.body else None,
                size=len(request.body),
                answered_by=by,
                rule_id=rule.id if rule else None,
                status=response.status if response else None,
                pages=1 + len(response.next_pages) if response else 0,
                error=error.name if error else None,
            ),
        )


def _rule_response(rule: HttpRule, request: OutgoingRequest, *, with_pages: bool) -> HttpResponse:
    """Returns the response of a rule, with all its pages or only the first.

    Raises:
        NoResponseError: if the rule says so, or its response exceeds the time-out.
    """
    if rule.error == "timeout" or rule.delay >= request.timeout:
        raise NoResponseError("timeout", _TIMEOUT_MESSAGE, request.timeout)
    if rule.error is not None:
        parts = urlsplit(request.url)
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
        raise NoResponseError("connection", f"connect ECONNREFUSED {parts.hostname}:{port}", rule.delay)
    bodies = rule.pages if with_pages else rule.pages[:1]
    # Created once: all pages share them.
    of_text, of_json = (
        _with_content_type(rule.headers, _TEXT_TYPE),
        _with_content_type(rule.headers, "application/json"),
    )
    pages = []
    for body in bodies or (rule.body,):
        headers = rule.headers if body is None else of_text if isinstance(body, str) else of_json
        content = b"" if body is None else body.encode() if isinstance(body, str) else orjson.dumps(body)
        pages.append(HttpResponse(status=rule.status, headers=headers, body=content))
    return replace(pages[0], elapsed=rule.delay, next_pages=tuple(pages[1:]))


def _with_content_type(headers: Headers, kind: str) -> Headers:
    """Returns the headers with a content type, unless they have one."""
    if any(name.lower() == "content-type" for name, _ in headers):
        return headers
    return (*headers, ("content-type", kind))


def _unmatched_response(world: World) -> str:
    """Returns what responds to a request that no rule matches, as the log of requests names it."""
    return "nothing" if UNMATCHED.of(world) == "fail" else "simulation"


def _nearest_rule(world: World, request: OutgoingRequest) -> str:
    """Returns the rule that comes nearest to a request, with the reason why it does not match, in brackets."""
    nearest = external_services.nearest_rule(world, request.method, request.url)
    if nearest is None:
        return "(the world has no rules)"
    name = f"'{nearest.method or 'any'} {nearest.url}'"
    if not external_services.matches_url(request.url, nearest.url):
        return f"(the nearest is {name})"
    if nearest.method not in (None, request.method):
        return f"(the nearest is {name}, of another method)"
    return f"({name} is used up)"


def _mock_response(context: ModuleContext) -> HttpResponse:
    """Returns a simulated response.

    Its ``data`` are mock data as the module's interface declares them, or as later modules map them, and so are headers
    that are mapped by their names.
    """
    constraint = context.run.find_constraint(context.module.id) or Constraint()
    parsed = context.boolean("parseResponse")
    declared = [field for field in context.module.interface or () if field_name(field) == "data"]
    expected: dict[str, Constraint] = {}
    if (body := constraint.fields.get("data")) is not None:
        # A body that is not parsed has no fields; only its text can be mapped.
        expected["data"] = (
            body if parsed else Constraint(kind=_unparsed_kind(body.kind), content=body.content)
        )
    if (named := constraint.fields.get("headers")) is not None and named.fields:
        expected["headers"] = Constraint(fields=named.fields)
    bundle = mock_bundle(context, declared, Constraint(fields=expected))
    headers = tuple(
        (name.lower(), as_text(value))
        for name, value in as_mapping(bundle.get("headers")).items()
        if not isinstance(value, (Mapping, list)) and name.lower() != "content-type"
    )
    data: Json = to_json_value(bundle.get("data"))
    if data is None and parsed:
        data = {}
    if data is None or isinstance(data, str):
        kind, content = _TEXT_TYPE, (data or "").encode()
    else:
        kind, content = "application/json", orjson.dumps(data)
    return HttpResponse(
        status=200, headers=(*headers, ("content-type", kind), SIMULATED_HEADER), body=content
    )


def _unparsed_kind(kind: str | None) -> str | None:
    return None if kind in ("array", "collection") else kind


def _next_request(
    request: OutgoingRequest, response: HttpResponse, options: RequestOptions
) -> OutgoingRequest | None:
    """Returns the request that follows a redirect, if redirects are followed."""
    location = response.header("location")
    is_plain = request.method in ("GET", "HEAD")
    if not 300 <= response.status < 400 or not location:
        return None
    if not (options.follow_all_redirects or (options.follow_redirects and is_plain)):
        return None
    try:
        url = build_url(urljoin(request.url, location), [])
    except (BundleValidationError, ValueError):
        raise ModuleError(
            "RuntimeError", f"Invalid URI in the header 'location' of the answer: {location[:200]}"
        ) from None
    if response.status in (307, 308) or is_plain:
        changed = request
    else:
        headers = tuple(header for header in request.headers if header[0].lower() != "content-type")
        changed = replace(request, method="GET", body=b"", headers=headers)
    return _redirect_to(changed, url)


def _redirect_to(request: OutgoingRequest, url: str) -> OutgoingRequest:
    """Returns the request to another URL, without credentials if it is another host."""
    changed = replace(request, url=url)
    if _is_same_host(url, request.url):
        return changed
    private = ("authorization", "cookie")
    return replace(changed, headers=tuple(pair for pair in changed.headers if pair[0].lower() not in private))


def _is_same_host(url: str, other: str) -> bool:
    return urlsplit(url).hostname == urlsplit(other).hostname


def _with_cookies(context: ModuleContext, request: OutgoingRequest) -> OutgoingRequest:
    jar = context.run.cookies.get(urlsplit(request.url).hostname or "")
    if not jar:
        return request
    own = [value for name, value in request.headers if name.lower() == "cookie"]
    others = tuple(header for header in request.headers if header[0].lower() != "cookie")
    cookies = "; ".join([*own, *(f"{name}={value}" for name, value in jar.items())])
    return replace(request, headers=(*others, ("Cookie", cookies)))


def _store_cookies(context: ModuleContext, request: OutgoingRequest, response: HttpResponse) -> None:
    jar = context.run.cookies.setdefault(urlsplit(request.url).hostname or "", {})
    for name, value in response.headers:
        if name.lower() == "set-cookie":
            cookie, _, content = value.partition(";")[0].partition("=")
            jar[cookie.strip()] = content.strip()
