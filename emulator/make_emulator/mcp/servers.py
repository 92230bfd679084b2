"""Servers of the MCP head by their URL forms: the transport, the time limits, and the toolset behind each path.

Source: developers.make.com, "MCP server" (URL forms, time limits); published configurations of clients (older prefix, the
path without a suffix).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from ..lazy_dataclasses import dataclass
from ..world.clock import MINUTE, SECOND

#: Path under which the server of ``mcp.make.com`` is found on any host.
HOSTED_PREFIX = "/mcp.make.com"

#: Path that a client of the HTTP+SSE transport posts its messages to, below that of its stream.
MESSAGE_SUFFIX = "/message"


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """Milliseconds that the server waits for the run of a scenario, and for a management tool."""

    scenario: int = 40 * SECOND
    management: int = 60 * SECOND


class ServerKind(StrEnum):
    """Kind of server, which has tools of its own."""

    FIRST_GENERATION = "first generation"
    SECOND_GENERATION = "second generation"
    TOOLBOX = "toolbox"


class Transport(StrEnum):
    """Transport of a server URL."""

    STATELESS = "stateless"
    STREAM = "stream"
    SSE = "sse"
    #: The address to which clients of the HTTP+SSE transport post.
    SSE_MESSAGE = "sse/message"


_LONG_MANAGEMENT_LIMIT = 5 * MINUTE + 20 * SECOND

_HOSTED_LIMITS = TimeLimits(scenario=25 * SECOND, management=30 * SECOND)
_ZONE_LIMITS = TimeLimits(scenario=40 * SECOND, management=60 * SECOND)
_LONG_ZONE_LIMITS = TimeLimits(scenario=40 * SECOND, management=_LONG_MANAGEMENT_LIMIT)
_TOOLBOX_LIMITS = TimeLimits(scenario=40 * SECOND)

_SUFFIXES = {
    "": Transport.STATELESS,
    "/stateless": Transport.STATELESS,
    "/stream": Transport.STREAM,
    "/sse": Transport.SSE,
    "/sse" + MESSAGE_SUFFIX: Transport.SSE_MESSAGE,
}

#: Prefixes of the first generation; a token in the path stands for the Authorization header.
_ZONE_PREFIXES = ("/mcp", "/mcp/u/<token>", "/mcp/api/v1", "/mcp/api/v1/u/<token>")

#: URLs of the second generation, for which no transport but streamable HTTP is documented.
_SECOND_GENERATION_URLS = {
    "/mcp/v2": _ZONE_LIMITS,
    **{f"{HOSTED_PREFIX}/{name}": _HOSTED_LIMITS for name in ("v2", "claude", "cursor", "openai")},
}

#: Prefixes of a toolbox; a key in the path stands for the Authorization header.
_TOOLBOX_PREFIXES = ("/mcp/server/<toolbox>", "/mcp/server/<toolbox>/t/<token>")


@dataclass(frozen=True, slots=True)
class ServerUrl:
    """A URL form: its rule, the kind of its server, its transport and time limits."""

    rule: str
    transport: Transport
    limits: TimeLimits
    kind: ServerKind = ServerKind.FIRST_GENERATION


def server_urls() -> Iterator[ServerUrl]:
    """Yields every URL form."""
    for suffix, transport in _SUFFIXES.items():
        zone_limits = _ZONE_LIMITS if transport is Transport.STATELESS else _LONG_ZONE_LIMITS
        for prefix in _ZONE_PREFIXES:
            yield ServerUrl(prefix + suffix, transport, zone_limits)
        yield ServerUrl(HOSTED_PREFIX + suffix, transport, _HOSTED_LIMITS)
        for prefix in _TOOLBOX_PREFIXES:
            yield ServerUrl(prefix + suffix, transport, _TOOLBOX_LIMITS, ServerKind.TOOLBOX)
    for rule, limits in _SECOND_GENERATION_URLS.items():
        yield ServerUrl(rule, Transport.STATELESS, limits, ServerKind.SECOND_GENERATION)
    # The root of the host.
    yield ServerUrl(HOSTED_PREFIX + "/", Transport.STATELESS, _HOSTED_LIMITS)
