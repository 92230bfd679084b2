"""Table of the declared endpoints by their routes, whose groups are loaded when a path may belong to one of them.

The schemas of all groups take a fifth of the start-up time, and most clients call few groups.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence

from .endpoint import Endpoint, EndpointGroup


class EndpointTable(Mapping[str, Endpoint]):
    """Endpoints by their routes, such as ``GET /scenarios/{scenarioId}``, in the order of the groups; iteration loads all groups.

    Args:
        segments: the names of the groups, each with the first segments of its paths.
        load: returns a group by its name.
    """

    def __init__(self, segments: Mapping[str, Sequence[str]], load: Callable[[str], EndpointGroup]) -> None:
        self._segments = segments
        self._load = load
        self._groups: dict[str, EndpointGroup] = {}
        #: The endpoints that were asked for.
        self._found: dict[str, Endpoint] = {}
        self._lock = threading.RLock()

    def __getitem__(self, route: str) -> Endpoint:
        endpoint = self._found.get(route)
        if endpoint is None:
            segment = first_segment(route.partition(" ")[2])
            self._found.update((each.route, each) for each in self.below(segment))
            endpoint = self._found[route]
        return endpoint

    def __iter__(self) -> Iterator[str]:
        for name in self._segments:
            for endpoint in self._group(name).endpoints:
                yield endpoint.route

    def __len__(self) -> int:
        return sum(len(self._group(name).endpoints) for name in self._segments)

    def below(self, segment: str) -> list[Endpoint]:
        """Returns the endpoints whose paths begin with a segment; none if no path does."""
        return [
            endpoint
            for name, segments in self._segments.items()
            if segment in segments
            for endpoint in self._group(name).endpoints
            if first_segment(endpoint.path) == segment
        ]

    def _group(self, name: str) -> EndpointGroup:
        group = self._groups.get(name)
        if group is None:
            with self._lock:
                group = self._groups.get(name)
                if group is None:
                    group = self._groups[name] = self._load(name)
        return group


def first_segment(path: str) -> str:
    """Returns the first segment of a path that begins with a slash."""
    return path[1:].partition("/")[0]
