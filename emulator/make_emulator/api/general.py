"""Routes that take no token: the description of the API, and the validation of blueprints.

Sources: the document that a zone served in May 2026; a vendor's script that validates blueprints (July 2026).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from ..http.endpoint import Endpoint, EndpointGroup, NoPermissionRequired, PublicCall
from ..http.envelope import Envelope
from ..json_types import Json, JsonObject
from ..schemas.blueprints import BlueprintValidate

_NO_PERMISSION = NoPermissionRequired("The route takes no token.")


def create_group(list_endpoints: Callable[[], Sequence[Endpoint]]) -> EndpointGroup:
    """Returns the group of these routes; the function returns all endpoints that the API has."""
    group = EndpointGroup("general")

    @lru_cache(maxsize=8)
    def document(base_url: str) -> JsonObject:
        # apispec is slow to load, and few clients read the document.
        from ..http.openapi import build_vendor_document

        return build_vendor_document(list_endpoints(), base_url)

    @group.get(
        "/openapi.json",
        scopes=[],
        permission=_NO_PERMISSION,
        response=Envelope(),
        is_public=True,
        rate_limited=False,
    )
    def get_openapi_document(call: PublicCall) -> JsonObject:
        """Get the OpenAPI document of the emulated routes."""
        return document(f"{call.origin}/api/v2")

    @group.post(
        "/blueprints/validate",
        scopes=[],
        permission=_NO_PERMISSION,
        body=BlueprintValidate,
        response=Envelope(),
        is_public=True,
        rate_limited=False,
    )
    def validate_blueprint(call: PublicCall) -> dict[str, Json]:
        """Validate a blueprint: its structure, its modules by the catalogue, and their required fields."""
        # Lint reads the module catalogue, which a server that validates nothing does not need.
        from ..lint import lint
        from ..lint.finding import format_path

        errors: list[Json] = [
            {
                "path": format_path(finding.path),
                "problem": finding.message,
                "fix": finding.suggestion or "Correct the value at that path.",
            }
            for finding in lint(call.body["blueprint"])
            if finding.severity == "error"
        ]
        return {"valid": not errors, "errors": errors}

    return group
