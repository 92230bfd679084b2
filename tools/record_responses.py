"""Recorder of the examples of responses in the API reference: ``python -m tools.record_responses``.

Each example of `fixtures/request-examples.yaml` is sent to a world of its own with a still clock, so that the same code records the same.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from make_emulator.http.openapi import RECORDED_ORIGIN
from make_emulator.resources import fixture_path

ROOT = Path(__file__).parents[1]

#: Items of a list that an example shows.
MAX_ITEMS = 2

#: Routes whose responses are too large to show.
LEFT_OUT = frozenset({"GET /openapi.json"})


def record() -> dict[str, Any]:
    """Returns the response of each route, by the route.

    Raises:
        ValueError: if a request is not answered with success.
    """
    # The world of the tests, which has a thing of each kind.
    sys.path.insert(0, str(ROOT / "tests"))
    from helpers.populated_app import PopulatedApp
    from helpers.valid_requests import ENDPOINTS, VALID_REQUESTS, request_path

    target = PopulatedApp()
    responses = {}
    for route, endpoint in ENDPOINTS.items():
        if route in LEFT_OUT:
            continue
        request = VALID_REQUESTS[route]
        response = target.call(
            endpoint.method,
            request_path(endpoint),
            query_string=dict(request.query),
            json=request.body,
            base_url=RECORDED_ORIGIN,
        )
        if response.status_code != endpoint.status:
            raise ValueError(f"{route} is answered with {response.status_code}: {response.text}")
        responses[route] = _shorten(response.get_json())
        target.reset()
    return responses


def _shorten(value: Any) -> Any:
    """Returns a response with the first items of its lists."""
    if isinstance(value, dict):
        return {name: _shorten(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_shorten(item) for item in value[:MAX_ITEMS]]
    return value


def render() -> str:
    """Returns the content of the file: a route a line, so that a change of one is a change of one line."""
    lines = [
        f"{json.dumps(route)}: {json.dumps(body, ensure_ascii=False)}" for route, body in record().items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    fixture_path("response-examples.json").write_text(render(), "utf-8")
