"""URL rules of the application, and the paths that they match."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from urllib.parse import unquote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.routing import BaseConverter, Rule

from .endpoint import ENCODED_SLASH

API_PREFIX = "/api/v2"


class MatchOnlyRule(Rule):
    """URL rule that only matches: compiling its unused URL builder takes a third of the application's start-up time."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        def build(self: Rule, **values: object) -> tuple[str, str]:
            raise NotImplementedError("the emulator builds no URLs from its rules")

        return build


def id_converter(literals: Iterable[str]) -> type[BaseConverter]:
    """Returns the converter of ids that are numbers.

    It takes any segment, so that a wrong id is refused as such, but those that belong to other routes: a word of a declared
    path, or words joined by hyphens. No route matches these, whatever the method.
    """
    words = "|".join(sorted(map(re.escape, literals)))

    class IdConverter(BaseConverter):
        """Converter of ids that are numbers."""

        regex = rf"(?!(?i:{words}|[a-z]+(?:-[a-z0-9]+)+)(?:/|$))[^/]+"

    return IdConverter


class EncodedSlashMiddleware:
    """WSGI middleware that keeps an encoded slash (``%2F``) inside a path segment, such as a record's key.

    WSGI servers decode a path before it is split, or leave encoded slashes as they are; either way the
    difference is lost. Here it is read from the request line.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = str(environ.get("REQUEST_URI", "")).partition("?")[0]
        if "%2f" in path.lower():
            segments = [unquote(segment).replace("/", ENCODED_SLASH) for segment in path.split("/")]
            environ["PATH_INFO"] = "/".join(segments).encode(errors="replace").decode("latin-1")
        return self._app(environ, start_response)
