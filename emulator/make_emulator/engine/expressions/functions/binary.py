"""Binary functions: hashes and encodings."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

from ..constraint import Constraint
from ..context import Environment
from ..errors import ExpressionError
from ..utf16 import to_well_formed
from ..values import Value, as_text
from .expectations import Arguments, literal_at
from .registry import argument_at, function, text_at


def _bytes_at(env: Environment, values: Sequence[Value], place: int) -> bytes:
    value = argument_at(values, place)
    return value if isinstance(value, bytes) else to_well_formed(text_at(env, values, place)).encode()


def _decode(text: str, encoding: str) -> bytes:
    """Decodes a text; stricter than Node, which skips invalid characters."""
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


def _expect_encoded(arguments: Arguments, result: Constraint | None) -> Sequence[Constraint | None]:
    return [Constraint(kind="base64") if literal_at(arguments, 1) == "base64" else None]


@function("toBinary", 1, 2, expects=_expect_encoded)
def _to_binary(env: Environment, values: Sequence[Value]) -> Value:
    """Bytes are returned unchanged; a text is decoded as the second argument says: hex, base64, or UTF-8 by default."""
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
    """Decodes a key given as text, hex or base64; ``binary`` is for bytes only (Help centre, "sha512").

    ``utf8`` means text (a published app).
    """
    if encoding == "binary":
        raise ExpressionError("A binary key must be a buffer.")
    return _decode(text, "text" if encoding == "utf8" else encoding)


_define_hash("sha1")
_define_hash("sha256")
_define_hash("sha512")
