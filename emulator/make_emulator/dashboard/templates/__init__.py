"""Renderer of the HTML pages, which load nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ...version import __version__

_HERE = Path(__file__).parent
_SCRIPTS = ("common", "dashboard", "docs", "key")


def render(template: str, *, status: int = 200, form_action: str = "'self'", **values: Any) -> Response:
    """Returns a page rendered from ``template``.html; all values are escaped.

    Args:
        form_action: the sources to which forms may be sent, as a content security policy names them.
    """
    response = Response(
        render_html(template, **values), status=status, content_type="text/html; charset=utf-8"
    )
    policy = f"{_load_environment()[1]}; form-action {form_action}"
    response.headers["Content-Security-Policy"] = policy
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def render_html(template: str, **values: Any) -> str:
    """Returns the text of a page rendered from ``template``.html; all values are escaped."""
    return _load_environment()[0].get_template(f"{template}.html").render(version=__version__, **values)


@lru_cache(maxsize=1)
def _load_environment() -> tuple[Environment, str]:
    """Returns the templates, and the content security policy that allows only the scripts and the style of these files."""
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    texts = {f"{name}_js": _read_text(f"{name}.js") for name in _SCRIPTS}
    style = _read_text("style.css")
    environment.globals.update({name: Markup(text) for name, text in texts.items()}, style=Markup(style))
    policy = (
        f"default-src 'none'; script-src {' '.join(map(_hash, texts.values()))}; style-src {_hash(style)};"
        " connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return environment, policy


def _read_text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
