"""Credential requests of a world, as their users would fulfil them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..client.control import WorldClient
from ..client.responses import CredentialRequestRow


class WorldCredentialRequests:
    """Credential requests of a world, and their approval, which creates connections and keys."""

    def __init__(self, client: WorldClient) -> None:
        self._client = client

    def list(self) -> list[CredentialRequestRow]:
        """Returns the requests of all teams in their order, each with its credentials."""
        return self._client.credential_requests()

    def approve(self, id: str, data: Mapping[str, Mapping[str, Any]] | None = None) -> CredentialRequestRow:
        """Authorizes the pending credentials of a request, and returns it.

        Args:
            data: credential id -> data of the service, as the user would enter them; without any, they are unknown, as
                those of a connection in a seed.

        Raises:
            ControlError: if there is no such request, it has expired, or the data do not fit.
        """
        return self._client.approve_credential_request(id, data)
