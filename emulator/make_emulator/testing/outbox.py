"""Outbox of one world: the mails that its scenarios sent, and assertions over them."""

from __future__ import annotations

from ..client.control import drop_none
from ..client.responses import Mail
from ..plain_text import pluralize
from .requests import MAX_REQUESTS_SHOWN
from .rows import RemoteSequence


class WorldOutbox(RemoteSequence[Mail]):
    """The mails that modules of a world sent, oldest first. They are not delivered."""

    def all(self) -> list[Mail]:
        return self.matching()

    def matching(self, to: str | None = None, subject: str | None = None) -> list[Mail]:
        """Returns the mails that match; both arguments are globs and ignore case.

        Args:
            to: a recipient, copies included.
        """
        query = drop_none(to=to, subject=subject)
        rows: list[Mail] = self._client.call("GET", "outbox", query=query)["mails"]
        return rows

    def clear(self) -> None:
        """Deletes the mails."""
        self._client.call("DELETE", "outbox")

    def assert_sent(
        self, to: str | None = None, subject: str | None = None, *, times: int | None = None
    ) -> None:
        """Asserts that a matching mail was sent, or exactly so many of them; see `matching`.

        Raises:
            AssertionError: with the last mails that were sent.
        """
        __tracebackhide__ = True
        count = len(self.matching(to, subject))
        if count == times or (times is None and count):
            return
        expected = "at least once" if times is None else pluralize(times, "time")
        raise AssertionError(
            f"expected a mail{_describe_expectation(to, subject)} {expected}, but it was sent {pluralize(count, 'time')}; {self._describe_sent()}"
        )

    def _describe_sent(self) -> str:
        rows = self.all()
        if not rows:
            return "no mail was sent at all"
        lines = [f"  to {', '.join(row['to'])}: {row['subject']}" for row in rows[-MAX_REQUESTS_SHOWN:]]
        heading = (
            "these were sent" if len(lines) == len(rows) else f"the last of the {len(rows)} that were sent"
        )
        return f"{heading}:\n" + "\n".join(lines)


def _describe_expectation(to: str | None, subject: str | None) -> str:
    to_text = "" if to is None else f" to {to}"
    return to_text + ("" if subject is None else f" with the subject {subject}")
