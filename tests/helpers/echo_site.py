"""Application in the emulator's place that echoes requests, with responses that the API does not have."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Response, jsonify, request

from make_emulator.app import create_app
from make_emulator.testing import routing, transports

SITE = "https://eu1.make.com"


@contextmanager
def echo_site() -> Iterator[None]:
    """Intercepts the calls of this process to `SITE`, and echoes them."""
    app = create_app()

    @app.route("/echo", methods=["GET", "HEAD", "POST", "PUT", "DELETE"])
    def show() -> Response:
        response = jsonify(
            method=request.method,
            url=request.url,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=request.get_data().decode("latin-1"),
            files={name: file.read().decode() for name, file in request.files.items()},
        )
        response.set_cookie("first", "1")
        response.set_cookie("second", "2", path="/echo")
        return response

    @app.get("/there")
    def redirect() -> Response:
        return Response(status=302, headers={"Location": "/echo?arrived=1"})

    @app.get("/lines")
    def lines() -> Response:
        return Response((f"line {number}\n" for number in range(3)), content_type="text/plain")

    @app.get("/compressed")
    def compressed() -> Response:
        return Response(gzip.compress(b"text " * 1000), headers={"Content-Encoding": "gzip"})

    route = routing.Route(app, "eu1.make.com", block_others=True, may_delay=lambda: False)
    routing.push_route(route)
    try:
        with transports.install():
            yield
    finally:
        routing.remove_route(route)
