"""JSON Web Tokens, signed with the key of this process (RS256), and the key set that verifies them.

The key is ephemeral, as that of the TLS certificate: no private key is shipped or stored. Access and refresh tokens survive a
restart all the same, since the emulator recognizes them by their stored text.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..json_types import JsonObject

if TYPE_CHECKING:
    from joserfc.jwk import RSAKey

ALGORITHM = "RS256"


def sign(claims: JsonObject, *, type: str = "JWT") -> str:
    """Returns a token with these claims.

    Args:
        type: the ``typ`` of the header, e.g. ``at+jwt`` for an access token (RFC 9068).
    """
    # Lazy: joserfc and cryptography take longer to import than the rest of the application, and few servers sign.
    from joserfc import jwt

    key = _signing_key()
    return jwt.encode({"alg": ALGORITHM, "typ": type, "kid": key.thumbprint()}, claims, key)


def key_set() -> JsonObject:
    """Returns the public keys as a JWK set (RFC 7517)."""
    key = _signing_key()
    public: dict[str, Any] = dict(key.as_dict(private=False))
    return {"keys": [{**public, "use": "sig", "alg": ALGORITHM, "kid": key.thumbprint()}]}


@lru_cache(maxsize=1)
def _signing_key() -> RSAKey:
    from joserfc.jwk import RSAKey

    return RSAKey.generate_key(2048)
