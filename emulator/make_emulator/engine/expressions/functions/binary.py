"""Hashes, and texts as bytes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

from ..context import Environment
from ..errors import ExpressionError
from ..utf16 import to_well_formed
from ..values import Value, as_text
from .registry import argument_at, function, text_at


def _bytes_at(env: Environment, values: Sequence[Value], place: int) -> bytes:
    value = argument_at(values, place)
    return value if isinstance(value, bytes) else to_well_formed(text_at(env, values, place)).encode()


def _decode(text: str, encoding: str) -> bytes:
    """The bytes that a text spells in an encoding; stricter than Node's, which passes over what it cannot read."""
    try:
        match encoding:
            case "hex":
                return binascii.unhexlify(text)
            case "base64":
                return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
            case "text" | "":
                return to_well_formed(text).encode()
    except (ValueError, binascii.Error):
        raise ExpressionError(f"The text is not {encoding}.") from None
    raise ExpressionError(f"'{encoding[:100]}' is not a valid encoding.")


def _encode(data: bytes, encoding: str) -> str:
    match encoding:
        case "hex" | "":
            return data.hex()
        case "base64":
            return base64.b64encode(data).decode()
        case "latin1":
            return data.decode("latin-1")
    raise ExpressionError(f"'{encoding[:100]}' is not a valid encoding.")


@function("base64", 1)
def _base64(env: Environment, values: Sequence[Value]) -> Value:
    return _encode(_bytes_at(env, values, 0), "base64")


@function("toBinary", 1, 2)
def _to_binary(env: Environment, values: Sequence[Value]) -> Value:
    """Bytes stay as they are; a text is read as hex or base64 if the second argument says so."""
    if isinstance(values[0], bytes):
        return values[0]
    return _decode(text_at(env, values, 0), text_at(env, values, 1))


@function("md5", 1)
def _md5(env: Environment, values: Sequence[Value]) -> Value:
    return hashlib.md5(_bytes_at(env, values, 0), usedforsecurity=False).hexdigest()


def _define_hash(name: str) -> None:
    @function(name, 1, 4)
    def sha(env: Environment, values: Sequence[Value]) -> Value:
        """Text, encoding of the result, a key that makes it an HMAC, encoding of the key."""
        data, encoding = _bytes_at(env, values, 0), text_at(env, values, 1)
        key = argument_at(values, 2)
        if key is None or key == "":
            return _encode(hashlib.new(name, data).digest(), encoding)
        secret = _decode_key(as_text(key), text_at(env, values, 3)) if not isinstance(key, bytes) else key
        return _encode(hmac.digest(secret, data, name), encoding)


def _decode_key(text: str, encoding: str) -> bytes:
    """A key given as text: text, hex or base64; ``binary`` is for bytes alone (Help centre, "sha512")."""
    if encoding == "binary":
        raise ExpressionError("A binary key must be a buffer.")
    return _decode(text, encoding)


_define_hash("sha1")
_define_hash("sha256")
_define_hash("sha512")
