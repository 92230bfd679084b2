"""Activity of the worlds that a test uses: its requests, and its runs with their stories, for the report of a failed test."""

from __future__ import annotations

import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # The pytest plugin loads this module in every test run, also in those without an emulator.
    from ..client.control import ControlClient, WorldClient
    from ..registry import WorldHandle, WorldRegistry

#: The most requests, runs and lines of the story of a run that are shown.
MAX_REQUESTS = 50
MAX_RUNS = 5
MAX_STORY_LINES = 20

#: The most worlds that a test has ended and that are kept for its report.
_MAX_ENDED = 3


@dataclass(slots=True)
class RequestLine:
    """Request in the log of a world: its sentence, and the decision on one of an agent."""

    id: int
    at: str
    sentence: str
    statement: str | None

    def lines(self) -> Iterator[str]:
        yield f"{self.at}  {self.sentence}"
        if self.statement is not None:
            yield f"{' ' * len(self.at)}  {self.statement}"


@dataclass(slots=True)
class RunStory:
    """Run of a scenario: the sentence about it, and one for each of its events."""

    at: str
    sentence: str
    events: Sequence[str]

    def lines(self) -> Iterator[str]:
        yield f"{self.at}  {self.sentence}"
        left_out = len(self.events) - MAX_STORY_LINES
        for number, event in enumerate(self.events):
            # The end of a long story says why it ended.
            if left_out <= 0 or not MAX_STORY_LINES // 4 <= number < MAX_STORY_LINES // 4 + left_out:
                yield f"    {event}"
            elif number == MAX_STORY_LINES // 4:
                yield f"    … {left_out} more …"


@dataclass(slots=True)
class WorldActivity:
    """Requests and runs of one world, the first ones first; of the runs the last ones."""

    name: str
    requests: Sequence[RequestLine] = ()
    runs: Sequence[RunStory] = ()
    earlier_runs: int = 0
    #: The reason why they could not be read.
    failure: str | None = None

    def __bool__(self) -> bool:
        return bool(self.requests or self.runs or self.failure)

    def request_lines(self) -> Iterator[str]:
        """Yields the lines about the requests."""
        if self.failure is not None:
            yield f"the request log could not be read: {self.failure}"
        if (earlier := len(self.requests) - MAX_REQUESTS) > 0:
            yield f"… {earlier} earlier …"
        for request in self.requests[-MAX_REQUESTS:]:
            yield from request.lines()

    def run_lines(self) -> Iterator[str]:
        """Yields the lines about the runs, each with its story."""
        if self.earlier_runs:
            yield f"… {self.earlier_runs} earlier …"
        for run in self.runs:
            yield from run.lines()


@dataclass(slots=True)
class _Mark:
    """Activity of a world that is not of the present test."""

    last_request: int = 0
    runs: set[str] = field(default_factory=set)


class WorldSource(ABC):
    """World whose activity is tracked."""

    def __init__(self, control: ControlClient, name: str) -> None:
        # Not kept alive: an application is used again once its client is garbage.
        self._control = weakref.ref(control)
        self.name = name
        #: True in the test that created the world.
        self.is_new = True
        self.has_ended = False
        self._mark = _Mark()

    def is_of(self, control: ControlClient, name: str | None = None) -> bool:
        """Returns true if this is a world of a server, or the one of a name."""
        return control is self._control() and name in (None, self.name)

    def mark_seed(self) -> None:
        """Takes the present runs for those of the seed.

        Raises:
            ControlError: if the world is gone.
        """
        self._mark = _Mark(runs=self._run_ids())

    def mark_earlier(self) -> None:
        """Takes the present activity for that of earlier tests.

        Raises:
            ControlError: if the world is gone.
        """
        self.is_new = False
        self._mark = _Mark(self._last_request(), self._run_ids())

    def replace_state(self) -> None:
        """Takes note of another state of the world: later runs may have the ids of those that are gone.

        Raises:
            ControlError: if the world is gone.
        """
        self._mark.runs &= self._run_ids()

    def end(self) -> None:
        """Takes note that the world is about to end."""
        self.has_ended = True

    def activity(self) -> WorldActivity:
        """Returns the activity since the mark."""
        from ..client.control import ControlError

        try:
            requests = [line for line in self._requests() if line.id > self._mark.last_request]
            runs = [row for row in reversed(self._runs()) if row["id"] not in self._mark.runs]
            stories = [
                RunStory(row["at"], row["sentence"], self._story(row["id"])) for row in runs[-MAX_RUNS:]
            ]
        except ControlError as error:
            return WorldActivity(self.name, failure=str(error))
        return WorldActivity(self.name, requests, stories, len(runs) - len(stories))

    @abstractmethod
    def _requests(self) -> Sequence[RequestLine]:
        """Returns the request log."""

    @abstractmethod
    def _last_request(self) -> int:
        """Returns the id of the last request; 0 if there is none."""

    @abstractmethod
    def _runs(self) -> Sequence[Any]:
        """Returns the runs, the latest first, as the control API does."""

    def _run_ids(self) -> set[str]:
        return {row["id"] for row in self._runs()}

    @abstractmethod
    def _story(self, run: str) -> Sequence[str]:
        """Returns the sentences about a run."""


class LocalSource(WorldSource):
    """World in this process; its activity can be read when it has ended, too."""

    def __init__(self, control: ControlClient, registry: WorldRegistry, handle: WorldHandle) -> None:
        super().__init__(control, handle.name)
        self._registry = registry
        self._handle = handle

    def mark_earlier(self) -> None:
        super().mark_earlier()
        # The test may have deleted it over HTTP.
        self.has_ended = self.has_ended or self._registry.get(self.name) is not self._handle

    def _requests(self) -> Sequence[RequestLine]:
        from ..world.clock import format_iso

        return [
            RequestLine(entry.id, format_iso(entry.at), entry.sentence(), entry.statement())
            for entry in self._handle.request_log
        ]

    def _last_request(self) -> int:
        return max((entry.id for entry in self._handle.request_log), default=0)

    def _runs(self) -> Sequence[Any]:
        from ..control.module_scripts import MAX_RUNS as MAX_LISTED
        from ..reports.run_list import list_runs

        with self._handle.locked() as world:
            return list_runs(world, self._handle.secret_values(), status=None, limit=MAX_LISTED)

    def _run_ids(self) -> set[str]:
        # Without a row for each: every test begins with this.
        from ..world.models import Execution

        with self._handle.locked() as world:
            runs = {row.id for row in world.logs if isinstance(row, Execution)}
            return runs | {retry.execution.id for retry in world.retries}

    def _story(self, run: str) -> Sequence[str]:
        from ..control.module_scripts import find_execution
        from ..reports.trace_view import TraceView

        with self._handle.locked() as world:
            return TraceView.from_execution(
                find_execution(world, run), self._handle.secret_values()
            ).sentences()


class RemoteSource(WorldSource):
    """World of a server elsewhere; its activity is read before it ends."""

    def __init__(self, client: WorldClient) -> None:
        super().__init__(client.control, client.name)
        self._client = client
        self._final: WorldActivity | None = None

    def end(self) -> None:
        if not self.has_ended:
            self._final = super().activity()
        super().end()

    def activity(self) -> WorldActivity:
        return super().activity() if self._final is None else self._final

    def _requests(self) -> Sequence[RequestLine]:
        rows = self._client.call("GET", "requests")["requests"]
        return [RequestLine(row["id"], row["at"], row["sentence"], row["statement"]) for row in rows]

    def _last_request(self) -> int:
        rows = self._client.call("GET", "requests", query={"limit": "1"})["requests"]
        return max((int(row["id"]) for row in rows), default=0)

    def _runs(self) -> Sequence[Any]:
        rows: Sequence[Any] = self._client.call("GET", "executions")["executions"]
        return rows

    def _story(self, run: str) -> Sequence[str]:
        story: Sequence[str] = self._client.call("GET", "executions", run, "steps")["story"]
        return story


class ActivityTracker:
    """Worlds of a test run, and their activity in the present test."""

    def __init__(self) -> None:
        self._sources: list[WorldSource] = []
        self._has_report = False

    def start(self) -> None:
        """Starts to track the worlds that this process creates."""
        _active_trackers.append(self)

    def stop(self) -> None:
        """Stops tracking."""
        if self in _active_trackers:
            _active_trackers.remove(self)

    def begin_test(self) -> None:
        """Forgets the worlds that have ended, and takes the activity of the others for that of earlier tests."""
        self._has_report = False
        sources, self._sources = self._sources, []
        for source in sources:
            if not source.has_ended and _is_there(source.mark_earlier) and not source.has_ended:
                self._sources.append(source)

    def add(self, source: WorldSource) -> None:
        """Adds a world that the present test created."""
        self._sources.append(source)
        for each in [each for each in self._sources if each.has_ended][:-_MAX_ENDED]:
            self._sources.remove(each)

    def replace_state(self, client: WorldClient) -> None:
        """Takes note of another state of a world."""
        for source in self._sources:
            if source.is_of(client.control, client.name):
                _is_there(source.replace_state)

    def end(self, control: ControlClient, name: str | None) -> None:
        """Takes note that a world, or all of a server, are about to end."""
        for source in [each for each in self._sources if each.is_of(control, name)]:
            if self._has_report:
                self._sources.remove(source)
            else:
                source.end()

    def end_report(self) -> None:
        """Takes note that the report of the present test is written."""
        self._has_report = True

    def sections(self) -> Iterator[tuple[str, str]]:
        """Yields title and text of the sections of the report of the present test."""
        activities = [source.activity() for source in self._sources]
        active = [each for each in activities if each]
        if not active and any(source.is_new for source in self._sources):
            yield "requests to the Make world", "none"
        for each in active:
            world = "the Make world" if len(active) == 1 else f"the Make world {each.name}"
            yield f"requests to {world}", "\n".join(each.request_lines()) or "none"
            if each.runs:
                yield f"runs in {world}", "\n".join(each.run_lines())


#: Active trackers: one for a test run, more while a test run runs another.
_active_trackers: list[ActivityTracker] = []


def track_local(control: ControlClient, registry: WorldRegistry, name: str) -> None:
    """Adds a world of this process to the active trackers."""
    handle = registry.get(name) if _active_trackers else None
    if handle is not None:
        found = handle
        _add(lambda: LocalSource(control, registry, found))


def track_remote(client: WorldClient) -> None:
    """Adds a world of a server elsewhere to the active trackers."""
    _add(lambda: RemoteSource(client))


def _add(make_source: Callable[[], WorldSource]) -> None:
    for tracker in _active_trackers:
        source = make_source()
        if _is_there(source.mark_seed):
            tracker.add(source)


def replace_state(client: WorldClient) -> None:
    """Lets the active trackers know of another state of a world."""
    for tracker in _active_trackers:
        tracker.replace_state(client)


def end_world(client: WorldClient) -> None:
    """Lets the active trackers know that a world is about to end."""
    for tracker in _active_trackers:
        tracker.end(client.control, client.name)


def end_server(control: ControlClient) -> None:
    """Lets the active trackers know that the worlds of a server are about to end, or are used no longer."""
    for tracker in _active_trackers:
        tracker.end(control, None)


def describe_activity(client: WorldClient) -> str:
    """Returns the requests of a world, and its runs since the first of them, as text."""
    activity = RemoteSource(client).activity()
    first = activity.requests[0].at if activity.requests else ""
    activity.runs = [run for run in activity.runs if run.at >= first]
    lines = [*activity.request_lines(), *activity.run_lines()]
    return "\n".join(lines) or "no requests and no runs"


def _is_there(call: Callable[[], None]) -> bool:
    """Returns false if a call of the control API fails, since the world or its server is gone."""
    from ..client.control import ControlError

    try:
        call()
    except ControlError:
        return False
    return True
