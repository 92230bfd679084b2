"""Consent page of the authorization server: a person chooses user and organization, and approves or refuses a client.

It shows users and organizations as far as the control API would: on loopback, or to the owner of the control key. Anybody else
logs in with an API token, and decides for its user only. Each page has a ticket, which its form must send back, so that no
other page can decide. It works without scripts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

import flask
from flask import Flask, Response

from ..control.access import AccessControl
from ..http.errors import ForbiddenError, UnauthorizedError
from ..http.steps.authentication import resolve_token
from ..lazy_dataclasses import dataclass
from ..oauth import authorization, redirect_uris
from ..oauth.authorization_server import AuthorizationRequest, AuthorizationServer, Ticket
from ..oauth.errors import OAuthError
from ..oauth.pipeline import OAuthContext, OAuthRoute, redirect_response, register_routes
from ..oauth.scopes import describe_scopes
from ..registry import WorldHandle
from ..world.exceptions import InvalidParametersError
from ..world.models import OAuthAccess
from ..world.oauth import OPENID
from ..world.slots import slot_of_key, slot_of_name, tag
from . import templates
from .pages import WORLD_NAMES_KEY

PATH = "/oauth/v2/authorize"

#: Parameter that names the slot of a world, by which a fleet finds the worker; for clients that registered themselves and
#: belong to no world.
SLOT_PARAMETER = "emulator_slot"

#: The most choices that a page lists.
MAX_CHOICES = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """User and organization that a consent can be for."""

    world: str
    user_id: int
    user: str
    organization_id: int
    organization: str

    @property
    def value(self) -> str:
        """The choice as the value of a field."""
        return f"{self.user_id}:{self.organization_id}:{quote(self.world, safe='')}"


def register(app: Flask, server: AuthorizationServer, access: AccessControl) -> None:
    """Adds the routes of the authorization endpoint to an application."""
    page = ConsentPage(server, access)
    register_routes(
        app,
        server,
        [
            OAuthRoute(method="GET", path=PATH, handler=page.show, error_page=_error_page),
            OAuthRoute(
                method="POST",
                path=PATH,
                handler=page.decide,
                find_handle=_chosen_world,
                lists=frozenset(["scope"]),
                error_page=_error_page,
            ),
        ],
    )


class ConsentPage:
    """Handlers of the authorization endpoint."""

    def __init__(self, server: AuthorizationServer, access: AccessControl) -> None:
        self._server = server
        self._access = access

    def show(self, context: OAuthContext) -> Response:
        """Shows the page of a valid request; a client that needs no consent gets its code at once."""
        entry = authorization.find_trusted_client(self._server, context.parameters)
        request = authorization.parse_request(entry, context.parameters, origin=context.input.origin)
        if entry.handle is not None and entry.client.auto_approve:
            with entry.handle.locked() as world:
                location = authorization.approve_at_once(entry.handle, world, entry.client, request)
            return redirect_response(location)
        authorization.check_prompt(context.parameters, request)
        id = self._server.add_request(request)
        if self._access.is_local_caller():
            return self._consent_page(Ticket(id), request)
        return _login_page(id, request)

    def decide(self, context: OAuthContext) -> Response:
        """Carries out the decision of a page, or a login."""
        self._check_origin()
        if "api_token" in context.parameters or "request_id" in context.parameters:
            return self._log_in(context)
        ticket = self._server.use_ticket(context.parameters.get("csrf_token", ""))
        request = self._server.find_request(ticket.request_id) if ticket is not None else None
        if ticket is None or request is None:
            raise OAuthError(
                "invalid_request",
                "This page was used before, or is too old. Start again in the app.",
                status=403,
            )
        match context.parameters.get("decision"):
            case "approve":
                return self._approve(context, ticket, request)
            case "refuse":
                location = authorization.refuse(self._server, ticket.request_id)
                return _redirect(location)
        return self._consent_page(ticket, request, error="Approve or refuse.")

    def _approve(self, context: OAuthContext, ticket: Ticket, request: AuthorizationRequest) -> Response:
        choice = context.parameters.get("choice")
        chosen = next((each for each in self._choices(ticket, request) if each.value == choice), None)
        handle = self._server.registry.get(chosen.world) if chosen is not None else None
        if chosen is None or handle is None:
            return self._consent_page(ticket, request, error="Choose a user and an organization.")
        grantable = ticket.grantable(request.scopes)
        ticked = grantable.intersection(context.lists.get("scope", ()))
        try:
            location = authorization.approve(
                self._server,
                handle,
                ticket.request_id,
                user_id=chosen.user_id,
                organization_id=chosen.organization_id,
                scopes=ticked if _is_choosable(request) else grantable,
            )
        except InvalidParametersError as error:
            return self._consent_page(ticket, request, error=" ".join(error.issues))
        context.entry.user = chosen.user
        context.entry.organization_id = chosen.organization_id
        return _redirect(location)

    def _log_in(self, context: OAuthContext) -> Response:
        text = context.parameters.get("request_id", "")
        id = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
        request = self._server.find_request(id)
        if request is None:
            raise OAuthError(
                "invalid_request", "Somebody decided about this request. Start again in the app."
            )
        secret = context.parameters.get("api_token", "")
        if self._access.is_key(secret):
            return self._consent_page(Ticket(id), request)
        try:
            caller = resolve_token(self._server.registry, secret.strip())
        except UnauthorizedError:
            caller = None
        slot = slot_of_key(secret.strip())
        if slot is not None and not self._server.registry.shard.has_key(secret.strip()):
            # The token is of a world of another worker: its page goes on.
            return redirect_response(_address_at(slot), status=303)
        if (
            caller is None
            or isinstance(caller.token, OAuthAccess)
            or request.world not in (None, caller.handle.name)
        ):
            return _login_page(id, request, error="There is no such token.")
        scopes = caller.token.scopes | {OPENID}
        if not request.scopes & scopes:
            return _login_page(id, request, error="The token has none of the requested scopes.")
        return self._consent_page(Ticket(id, caller.handle.name, caller.user.id, scopes), request)

    def _check_origin(self) -> None:
        """Raises OAuthError if the page of another site sends the form."""
        try:
            self._access.check_page()
        except ForbiddenError as error:
            raise OAuthError("access_denied", error.detail, status=403) from None

    def _consent_page(self, ticket: Ticket, request: AuthorizationRequest, *, error: str = "") -> Response:
        choices = list(self._choices(ticket, request))
        return _render(
            "consent",
            request,
            status=400 if error else 200,
            here="",
            client=request.client_name,
            redirect_uri=request.redirect_uri,
            choices=choices[:MAX_CHOICES],
            has_more=len(choices) > MAX_CHOICES,
            has_worlds=len({choice.world for choice in choices}) > 1,
            other_worlds=list(self._other_worlds(ticket, request)),
            scopes=describe_scopes(ticket.grantable(request.scopes)),
            is_choosable=_is_choosable(request),
            csrf_token=self._server.issue_ticket(ticket),
            error=error,
        )

    def _choices(self, ticket: Ticket, request: AuthorizationRequest) -> Iterator[Choice]:
        """Yields what the owner of a ticket may choose.

        The rows are read without the locks of the worlds, so that no page waits for a run.
        """
        for handle in self._server.registry:
            if request.world not in (None, handle.name) or ticket.world not in (None, handle.name):
                continue
            world = handle.world
            for user in list(world.users):
                if ticket.user_id not in (None, user.id):
                    continue
                for member in list(world.organization_members.where(user=user.id)):
                    organization = world.organizations.get(member.organization_id)
                    if organization is not None:
                        yield Choice(handle.name, user.id, user.name, organization.id, organization.name)

    def _other_worlds(self, ticket: Ticket, request: AuthorizationRequest) -> Iterator[tuple[str, str]]:
        """Yields the names of the worlds of other workers of a fleet, each with the address of the page that lists its users."""
        names: Callable[[], list[str]] | None = flask.request.environ.get(WORLD_NAMES_KEY)
        if names is None or request.world is not None or ticket.world is not None:
            return
        if self._access.is_local_caller():
            for name in names()[:MAX_CHOICES]:
                yield name, _address_at(slot_of_name(name))


def _is_choosable(request: AuthorizationRequest) -> bool:
    """Returns true if the user chooses among the scopes: documented for MCP clients only."""
    return request.world is None


def _address_at(slot: int) -> str:
    """Returns the address of this page at the worker of a slot."""
    query = parse_qsl(flask.request.query_string.decode("latin-1"), keep_blank_values=True)
    pairs = [(name, value) for name, value in query if name != SLOT_PARAMETER]
    return f"{PATH}?{urlencode([*pairs, (SLOT_PARAMETER, tag(slot))])}"


def _chosen_world(context: OAuthContext) -> WorldHandle | None:
    name = context.parameters.get("choice", "").rpartition(":")[2]
    return context.registry.get(unquote(name))


def _redirect(location: str | None) -> Response:
    if location is None:
        raise OAuthError("invalid_request", "Somebody decided about this request. Start again in the app.")
    return redirect_response(location)


def _login_page(id: int, request: AuthorizationRequest, *, error: str = "") -> Response:
    return _render(
        "consent_login",
        request,
        status=403 if error else 200,
        here="",
        client=request.client_name,
        request_id=id,
        error=error,
    )


def _error_page(error: OAuthError) -> Response:
    return templates.render(
        "consent_error", status=error.status, here="", code=error.code, description=error.description
    )


def _render(template: str, request: AuthorizationRequest, **values: Any) -> Response:
    """Returns a page with a form."""
    query = flask.request.query_string.decode("latin-1")
    # The query is there for a fleet, which finds the worker of the form by it.
    is_fleet = WORLD_NAMES_KEY in flask.request.environ
    page_address = f"{PATH}?{query}" if query and is_fleet else PATH
    response = templates.render(
        template, form_action=_form_action(request), page_address=page_address, **values
    )
    # With no-referrer browsers would not say that the form is one of this origin.
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def _form_action(request: AuthorizationRequest) -> str:
    """Returns the targets of the form: this page, and whereto it redirects.

    Browsers apply the policy to every redirect that follows a form, also to those by the app itself.
    """
    scheme = redirect_uris.scheme_of(request.redirect_uri)
    return " ".join(dict.fromkeys(["'self'", "http:", "https:", f"{scheme}:"]))
