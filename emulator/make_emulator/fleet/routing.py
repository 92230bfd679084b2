"""Routing of a request to the worker that has its world, by what is in the request alone.

A pure function of method, target, host and Authorization header. It only chooses a worker, which parses and checks the request as
if it had come there at once, so that a mistake here costs a hop and changes no response.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from urllib.parse import parse_qs, unquote

import orjson

from ..dashboard import consent
from ..webhooks.host_routing import is_hook_host
from ..world.oauth import token_id
from ..world.slots import DEFAULT_NAME, DEFAULT_SLOT, slot_of_key, slot_of_name

WORLDS = "/_emulator/worlds"
KEY_SET = "/oauth/v2/oidc/jwks"
REGISTER = "/oauth/v2/register/mcp"

#: Paths of the control API whose body may name the world for which a blueprint is checked.
BLUEPRINT_CHECKS = frozenset(["/_emulator/lint", "/_emulator/mend"])

#: Paths of the authorization server whose form has a code or a token.
_FORMS = frozenset(["/oauth/v2/token", "/oauth/v2/revoke"])

#: Prefixes of paths after which there is a token, and of those with the UUID of a toolbox and perhaps its key.
_PATH_TOKENS = ("/mcp/u/", "/mcp/api/v1/u/")
_TOOLBOX = "/mcp/server/"


class Elsewhere(Enum):
    """Destination that is not a slot."""

    #: Every worker can respond.
    ANY = "any"
    #: The body says more: see `slot_of_form`, and the creation of a world.
    BODY = "body"


def find_destination(
    method: str, path: str, query: str, host: str, authorization: str | None
) -> int | Elsewhere:
    """Returns the slot of the world of a request.

    Args:
        path, query: those of `split_target`.
    """
    if path.startswith("/api/"):
        return slot_of_header(authorization)
    if is_hook_host(host):
        return _slot_or_default(path[1:])
    if path.startswith("/hook/"):
        return _slot_or_default(path[6:])
    if path.startswith("/_emulator"):
        return _control_destination(method, path, query)
    if path.startswith(("/oauth/", "/.well-known/", "/oidc/")):
        return _oauth_destination(method, path, query, authorization)
    if (token := _path_token(path)) is not None:
        return slot_of_token(token)
    return slot_of_header(authorization)


def split_target(target: str) -> tuple[str, str]:
    """Returns the path of a request's target with each segment decoded, and the query as it is."""
    if not target.startswith("/"):
        # The absolute form, which proxies get.
        target = "/" + target.partition("://")[2].partition("/")[2]
    path, _, query = target.partition("?")
    if "%" in path:
        path = "/".join(unquote(segment).replace("/", "%2F") for segment in path.split("/"))
    return path, query


@lru_cache(maxsize=4096)
def slot_of_header(authorization: str | None) -> int:
    """Returns the slot of an Authorization header; that of the default world without one."""
    if not authorization:
        return DEFAULT_SLOT
    return slot_of_token(authorization.partition(" ")[2].strip())


def slot_of_token(text: str) -> int:
    """Returns the slot of an API token, a key of a toolbox or an access token, which has it in its id."""
    slot = _known_slot(text)
    return DEFAULT_SLOT if slot is None else slot


def _known_slot(text: str) -> int | None:
    slot = slot_of_key(text)
    if slot is None and "." in text:
        slot = slot_of_key(token_id(text) or "")
    return slot


def slot_of_form(body: bytes) -> int:
    """Returns the slot of the form of a token request, or of a revocation: that of its code or token, or else of its client."""
    try:
        fields = parse_qs(body.decode(errors="replace"), max_num_fields=1000)
    except ValueError:
        return DEFAULT_SLOT
    texts = [fields[name][0] for name in ("code", "refresh_token", "token", "client_id") if name in fields]
    return next((slot for text in texts if (slot := _known_slot(text)) is not None), DEFAULT_SLOT)


def name_of_new_world(body: bytes) -> str | None:
    """Returns the name that the creation of a world asks for; ``None`` for one that the server names, or an invalid body."""
    return _text_of_body(body, "name")


def name_of_checked_world(body: bytes) -> str | None:
    """Returns the name of the world for which a blueprint is checked; ``None`` for no world, or an invalid body."""
    return _text_of_body(body, "world")


def _text_of_body(body: bytes, key: str) -> str | None:
    try:
        values = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    text = values.get(key) if isinstance(values, Mapping) else None
    return text if isinstance(text, str) and text else None


def _slot_or_default(key: str) -> int:
    slot = slot_of_key(key)
    return DEFAULT_SLOT if slot is None else slot


def _control_destination(method: str, path: str, query: str) -> int | Elsewhere:
    if path.startswith(WORLDS + "/"):
        return slot_of_name(path[len(WORLDS) + 1 :].partition("/")[0])
    if path == WORLDS:
        return Elsewhere.BODY if method == "POST" else Elsewhere.ANY
    if path in ("/_emulator/", "/_emulator/execution", "/_emulator/checkpoints"):
        return slot_of_name(_parameter(query, "world") or DEFAULT_NAME)
    if path in ("/_emulator/docs", "/_emulator/ready"):
        # Examples have the token of the default world, whose worker runs the start scripts.
        return DEFAULT_SLOT
    if (name := _parameter(query, "world")) is not None:
        return slot_of_name(name)
    return Elsewhere.BODY if method == "POST" and path in BLUEPRINT_CHECKS else Elsewhere.ANY


def _oauth_destination(method: str, path: str, query: str, authorization: str | None) -> int | Elsewhere:
    if path in _FORMS:
        return Elsewhere.BODY if method == "POST" else Elsewhere.ANY
    if path == consent.PATH:
        if (text := _parameter(query, consent.SLOT_PARAMETER)) is not None:
            return _slot_or_default(text)
        return _slot_or_default(_parameter(query, "client_id") or "")
    if path == "/oauth/v2/oidc/userinfo":
        return slot_of_header(authorization)
    return Elsewhere.ANY


def _path_token(path: str) -> str | None:
    for prefix in _PATH_TOKENS:
        if path.startswith(prefix):
            return path[len(prefix) :].partition("/")[0]
    if path.startswith(_TOOLBOX):
        # The UUID of a toolbox may be one that a seed chose.
        rest = path[len(_TOOLBOX) :].partition("/")[2]
        return rest[2:].partition("/")[0] if rest.startswith("t/") else None
    return None


def _parameter(query: str, name: str) -> str | None:
    """Returns the first value of a query's parameter."""
    if name not in query:
        return None
    values = parse_qs(query, max_num_fields=None).get(name)
    return values[0] if values else None
