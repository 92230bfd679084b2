"""Mail to hooks of other workers: a worker that receives it asks the one that has the hook, as with forwarded requests."""

from __future__ import annotations

import logging
from http.client import HTTPException, HTTPResponse
from urllib.parse import quote, unquote

from ..registry import WorldRegistry
from ..webhooks import mail
from ..world.slots import DEFAULT_SLOT, slot_of_key
from .peers import HEADER, Fleet

#: Path by which workers ask one another; it is none for clients.
PATH = "/_emulator/fleet/mail/"

#: Seconds that a worker may take for a mail.
_TIMEOUT = 30.0

log = logging.getLogger("make_emulator.fleet")


class MailRelay:
    """Way of mails to the hooks of other workers."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def is_own(self, udid: str) -> bool:
        """Returns true if the worlds of this worker can have a hook of that udid."""
        return self._fleet.shard.has_key(udid)

    def check(self, udid: str) -> str:
        """Returns the reply of SMTP to a recipient."""
        return self._send("GET", udid, b"")

    def deliver(self, udid: str, content: bytes) -> str:
        """Returns the reply of SMTP to a mail."""
        return self._send("POST", udid, content)

    def _send(self, method: str, udid: str, content: bytes) -> str:
        slot = slot_of_key(udid)
        index = self._fleet.owner(DEFAULT_SLOT if slot is None else slot)
        head = (
            f"{method} {PATH}{quote(udid, safe='')} HTTP/1.1\r\nHost: localhost\r\n"
            f"{HEADER}: {self._fleet.key} 127.0.0.1 http\r\nConnection: close\r\n"
            f"Content-Type: message/rfc822\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        try:
            with self._fleet.dialer.dial(index) as connection:
                connection.settimeout(_TIMEOUT)
                connection.sendall(head.encode("ascii") + content)
                response = HTTPResponse(connection)
                response.begin()
                reply = response.read().decode(errors="replace")
        except (OSError, HTTPException) as error:
            log.warning("worker %d cannot be reached: %s", index, error)
            return mail.BUSY
        return reply if response.status == 200 else mail.BUSY


def receive(registry: WorldRegistry, method: str, path: str, content: bytes) -> str:
    """Returns the reply of SMTP to what another worker sent to a path below `PATH`."""
    udid = unquote(path[len(PATH) :])
    if method == "POST":
        return mail.deliver_content(registry, [udid], content)
    return mail.check_recipient(registry, udid)
