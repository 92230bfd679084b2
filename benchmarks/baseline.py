"""The yardstick: a bare Flask application that returns the same bodies from hand-made dicts, written by orjson.

Run as a module it serves itself with the emulator's own server class, and loads nothing else of the emulator; or, for
comparison, with cheroot as it comes, or with Werkzeug's server.
"""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path
from typing import Any

import orjson
from flask import Flask, Response, request

JSON = "application/json"

DEFAULT_BODY = {"scenario": {"id": 1, "name": "Greeting", "teamId": 1, "isActive": True}}


def create_app(one: dict[str, Any] | None = None, many: dict[str, Any] | None = None) -> Flask:
    """Build the application.

    Args:
        one: the body of ``/one``.
        many: the body of ``/many``; its dicts lie ready, so nothing but the writing of JSON is measured.
    """
    app = Flask("bare", static_folder=None)
    one, many = one or DEFAULT_BODY, many or DEFAULT_BODY

    @app.get("/one")
    def get_one() -> Response:
        return Response(orjson.dumps(one), content_type=JSON)

    @app.get("/many")
    def get_many() -> Response:
        return Response(orjson.dumps(many), content_type=JSON)

    @app.post("/one")
    def post_one() -> Response:
        return Response(orjson.dumps(orjson.loads(request.get_data())), content_type=JSON)

    @app.get("/wait")
    def wait() -> Response:
        threading.Event().wait()
        raise AssertionError("the event is never set")

    return app


#: The application that other servers are pointed at.
app = create_app()


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve a bare Flask application until killed.")
    parser.add_argument("--bodies", type=Path, help="JSON file with the bodies of /one and /many")
    parser.add_argument("--cheroot", type=int, metavar="PORT", help="serve with cheroot as it comes")
    parser.add_argument("--werkzeug", type=int, metavar="PORT", help="serve with Werkzeug's threaded server")
    options = parser.parse_args()
    served = create_app(**orjson.loads(options.bodies.read_bytes())) if options.bodies else app
    if options.cheroot:
        _serve_with_cheroot(served, options.cheroot)
        return
    if options.werkzeug:
        _serve_with_werkzeug(served, options.werkzeug)
        return
    from make_emulator.server.wsgi import THREAD_SWITCH_INTERVAL, Server

    sys.setswitchinterval(THREAD_SWITCH_INTERVAL)

    with Server(served) as server:
        print(f"  base URL      {server.url}", flush=True)
        threading.Event().wait()


def _serve_with_cheroot(served: Flask, port: int) -> None:
    from cheroot.wsgi import Server

    Server(("127.0.0.1", port), served).start()


def _serve_with_werkzeug(served: Flask, port: int) -> None:
    import logging

    from werkzeug.serving import WSGIRequestHandler, run_simple

    class KeepAlive(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    run_simple("127.0.0.1", port, served, threaded=True, request_handler=KeepAlive)


if __name__ == "__main__":
    main()
