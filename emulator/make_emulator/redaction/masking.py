"""Redaction of output that is shown: of logs and archives, which masks in doubt, and of traces, which keeps test data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson

from .redactor import Redactor
from .rules import (
    FORM_FIELD,
    JSON_MEMBER,
    MASK,
    PARAMETER_LISTS,
    QUERY_PARAMETER,
    USERINFO,
    is_secret_name,
    is_secret_parameter,
    mask_authorization_forms,
    mask_credential_forms,
    parameter_name,
)
from .secret_values import SecretValues

#: A name and its value in JSON that was cut off, plain or inside of a string that itself holds JSON.
_JSON_PAIRS = (
    re.compile(r'(?P<name>"(?:[^"\\]|\\.){0,100}"\s*:\s*)(?:"(?:[^"\\]|\\.)*"?|-?[0-9][0-9.eE+-]*)'),
    re.compile(r'(?P<name>\\"[^"\\]{0,100}\\"\s*:\s*)(?:\\"(?:[^"]|(?<=\\\\\\)")*"?|-?[0-9][0-9.eE+-]*)'),
)
#: The rest of a secret that the cut may have left.
_TRUNCATED_TAIL = re.compile(r"[^\s\"',:{}\[\]]{1,64}\Z")
#: A depth to which JSON can be read and written in any case.
_SAFE_DEPTH = 200
_FORM_BODY = re.compile(rb"[^\s=&{}\[\]\"]+=[^\s{}\[\]\"]*")


class OutputRedactor(Redactor):
    """Profile of redaction for output that is shown.

    Args:
        in_doubt: mask what may be a secret, as logs and archives do; traces show the data of a test instead.
    """

    def __init__(self, *, in_doubt: bool) -> None:
        self._in_doubt = in_doubt

    def with_secrets(
        self, secrets: SecretValues, stand_in: Callable[[str], str] | None = None
    ) -> OutputRedactor:
        """Returns this profile with secrets that are recognized by value.

        Args:
            stand_in: the mask of a token or udid, where they have different ones.
        """
        return _SecretsRedactor(secrets, in_doubt=self._in_doubt, key_mask=stand_in) if secrets else self

    # --- output --------------------------------------------------------------------------------------

    def mask(self, value: Any) -> Any:
        """Returns a copy of JSON without secrets; all of a value is `MASK` that is nested too deeply to be read."""
        try:
            return self.redact(value)
        except RecursionError:
            return MASK

    def mask_text(self, text: str) -> str:
        """Returns a text without secrets; JSON within it is no structure."""
        if "=" in text:
            text = QUERY_PARAMETER.sub(self._mask_parameter, text)
        if "://" in text and "@" in text:
            text = USERINFO.sub(self._mask_userinfo, text)
        if '":' in text or '" :' in text:
            text = JSON_MEMBER.sub(self._mask_member, text)
        if "form-data" in text:
            text = FORM_FIELD.sub(self._mask_form_field, text)
        if self._in_doubt:
            return mask_authorization_forms(text)
        return mask_credential_forms(text, in_doubt=False)

    def mask_values(self, text: str) -> str:
        """Returns a text without the secrets that are recognized by value."""
        return text

    def mask_parameters(self, query: str) -> list[tuple[str, str]]:
        """Returns the names and values of a query or a form, decoded."""
        pairs = parse_qsl(query, keep_blank_values=True)
        return [
            (
                self.mask_values(name),
                MASK if text and self.is_secret_parameter(name) else self.redact_text(text),
            )
            for name, text in pairs
        ]

    def mask_query(self, query: str) -> dict[str, Any]:
        """Returns the parameters of a query or a form; a repeated name has a list of its values."""
        values: dict[str, list[str]] = {}
        for name, text in self.mask_parameters(query):
            values.setdefault(name, []).append(text)
        return {name: texts[0] if len(texts) == 1 else texts for name, texts in values.items()}

    def format_query(self, query: str) -> str:
        """Returns a query decoded for reading."""
        return "&".join(f"{name}={text}" for name, text in self.mask_parameters(query))

    def mask_url(self, url: str) -> str:
        """Returns a URL with its query decoded for reading."""
        address, mark, query = self.mask_values(url).partition("?")
        return self.mask_text(address) + mark + self.format_query(query)

    def redact_headers(self, headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Returns the names and values of headers without secrets."""
        rows = [{"name": name, "value": value} for name, value in headers]
        return [(row["name"], row["value"]) for row in self.redact(rows, parent="headers")]

    def mask_body(self, body: bytes, *, cut: bool) -> Any:
        """Returns a body: JSON and forms as objects, any other as text.

        Args:
            cut: whether the body is only the start of a longer one.
        """
        if not body:
            return None
        if cut:
            text = _TRUNCATED_TAIL.sub("", self._mask_values_of_start(body.decode(errors="replace")))
            for pairs in _JSON_PAIRS:
                text = pairs.sub(self._mask_pair, text)
            return f"(the first {len(body)} bytes) " + self.mask_text(text)
        try:
            masked = self.mask(orjson.loads(body))
        except orjson.JSONDecodeError:
            text = body.decode(errors="replace")
        else:
            return masked if _is_writable(masked, body) else MASK
        return self.mask_query(text) if _FORM_BODY.fullmatch(body) else self.mask_text(text)

    def _mask_values_of_start(self, text: str) -> str:
        """Returns the start of a longer text without secrets that are recognized by value."""
        return text

    # --- profile -------------------------------------------------------------------------------------

    def is_secret_name(self, name: str) -> bool:
        return is_secret_name(name, self._in_doubt)

    def is_secret_parameter(self, name: str) -> bool:
        return is_secret_parameter(name, self._in_doubt)

    def secret_pair_member(self, pair: Mapping[str, Any], parent: str) -> tuple[str, ...]:
        if "value" in pair:
            is_secret = self.is_secret_parameter if parent in PARAMETER_LISTS else self.is_secret_name
            for key in ("name", "key"):
                name = pair.get(key)
                if isinstance(name, str) and is_secret(name):
                    return ("value",)
        return ()

    def redact_text(self, text: str) -> str:
        try:
            redacted = self.redact_json_text(text)
        except RecursionError:
            return MASK
        # Of two members of one name JSON keeps the second; the text has both.
        return self.mask_text(text) if redacted is None else self.mask_values(redacted)

    def _mask_parameter(self, match: re.Match[str]) -> str:
        name = parameter_name(match)
        # At the start of a text, where no URL is, only a name that is a secret anywhere counts.
        is_secret = self.is_secret_name(name) or (
            self.is_secret_parameter(name)
            and (self._in_doubt or match.string.find("?", 0, match.start("name")) >= 0)
        )
        return match["before"] + MASK if is_secret else match[0]

    def _mask_userinfo(self, match: re.Match[str]) -> str:
        return MASK if self._in_doubt or ":" in match[0] else match[0]

    def _mask_member(self, match: re.Match[str]) -> str:
        return match["before"] + MASK if self.is_secret_name(match["name"]) else match[0]

    def _mask_form_field(self, match: re.Match[str]) -> str:
        return match["before"] + MASK if self.is_secret_name(match["name"]) else match[0]

    def _mask_pair(self, pair: re.Match[str]) -> str:
        return pair["name"] + MASK if self.is_secret_name(pair["name"].rstrip(': \t\r\n\\"')) else pair[0]


class _SecretsRedactor(OutputRedactor):
    """Profile that masks secrets by value, numbers and names of members included."""

    redacts_keys = True

    def __init__(
        self, secrets: SecretValues, *, in_doubt: bool, key_mask: Callable[[str], str] | None = None
    ) -> None:
        super().__init__(in_doubt=in_doubt)
        self._secrets = secrets
        self._key_mask = key_mask

    def with_secrets(
        self, secrets: SecretValues, stand_in: Callable[[str], str] | None = None
    ) -> OutputRedactor:
        return super().with_secrets(self._secrets | secrets, stand_in or self._key_mask)

    def stand_in(self, secret: str) -> str:
        if self._key_mask is None:
            return MASK
        masked = self._secrets.mask(secret, self._key_mask)
        return MASK if masked == secret else masked

    def mask(self, value: Any) -> Any:
        found = self._secrets.occurring_in(value)
        if found is self._secrets:
            return super().mask(value)
        profile = LOG_REDACTOR if self._in_doubt else TRACE_REDACTOR
        return OutputRedactor.mask(profile.with_secrets(found, self._key_mask), value)

    def mask_text(self, text: str) -> str:
        return super().mask_text(self.mask_values(text))

    def mask_values(self, text: str) -> str:
        return self._secrets.mask(text, self._key_mask)

    def _mask_values_of_start(self, text: str) -> str:
        return self._secrets.mask_cut(text)

    def redact(self, value: Any, *, path: str = "", parent: str = "") -> Any:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return value if self._secrets.mask(str(value)) == str(value) else MASK
        return super().redact(value, path=path, parent=parent)

    def redact_key(self, name: str) -> str:
        return self._secrets.mask(name)


#: Profile of the request log, the server log, archives and redacted snapshots.
LOG_REDACTOR = OutputRedactor(in_doubt=True)
#: Profile of traces: steps, stories, ``explain`` and the requests that scenarios sent.
TRACE_REDACTOR = OutputRedactor(in_doubt=False)


def _is_writable(value: Any, body: bytes) -> bool:
    """Returns whether a body is not nested more deeply than JSON can be written, with room for what it is put in."""
    if body.count(b"{") + body.count(b"[") < _SAFE_DEPTH:
        return True
    try:
        orjson.dumps([[[[[[[[value]]]]]]]])
    except TypeError:
        return False
    return True


def mask_field_values(body: bytes) -> bytes:
    """Returns a body of which only the names of its fields may be kept, as JSON with every value masked."""
    try:
        held = orjson.loads(body)
    except orjson.JSONDecodeError:
        return b""
    return orjson.dumps(dict.fromkeys(held, MASK)) if isinstance(held, dict) else b""


def mask_all(value: Any) -> Any:
    """Returns a copy of JSON in which every value except ``null`` is `MASK`; names stay."""
    if isinstance(value, Mapping):
        return {name: mask_all(item) for name, item in value.items()}
    if isinstance(value, list):
        return [mask_all(item) for item in value]
    return value if value is None else MASK
