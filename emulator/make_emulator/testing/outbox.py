"""The mails that scenarios sent, and assertions over them."""

from __future__ import annotations

from typing import Any

from .requests import MAX_REQUESTS_SHOWN
from .rows import RemoteSequence


class WorldOutbox(RemoteSequence):
    """The mails that modules of a world sent, oldest first. Nobody receives them."""

    def all(self) -> list[dict[str, Any]]:
        return self.matching()

    def matching(self, to: str | None = None, subject: str | None = None) -> list[dict[str, Any]]:
        """The mails that are like that; both are globs, to which capital letters do not matter.

        Args:
            to: one of those who receive the mail, copies included.
        """
        wishes = {"to": to, "subject": subject}
        query = {name: wish for name, wish in wishes.items() if wish is not None}
        rows: list[dict[str, Any]] = self._control.call("GET", "worlds", self._world, "outbox", query=query)[
            "mails"
        ]
        return rows

    def clear(self) -> None:
        """Forget the mails."""
        self._control.call("DELETE", "worlds", self._world, "outbox")

    def assert_sent(
        self, to: str | None = None, subject: str | None = None, *, times: int | None = None
    ) -> None:
        """Assert that such a mail was sent, or was sent exactly so many times; see `matching`.

        Raises:
            AssertionError: with the last mails that were.
        """
        __tracebackhide__ = True
        count = len(self.matching(to, subject))
        if count == times or (times is None and count):
            return
        wanted = "at least once" if times is None else f"{times} time(s)"
        raise AssertionError(
            f"expected a mail{_describe_expectation(to, subject)} {wanted}, but it was sent {count} time(s); {self._describe_sent()}"
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
