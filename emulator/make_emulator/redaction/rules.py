"""Rules for what is a secret: by the name it stands under, by its place in an address, and by its form.

The table of docs/how-to/redaction.md shows them. Output of logs and archives masks in doubt, that of traces shows the data of
a test (see `masking`), and blueprints have to run again (see `blueprints`). Secrets of a world are recognized by value besides,
whatever their name and form (see `secret_values`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import unquote

#: The replacement of every secret.
MASK = "********"

# --- names -----------------------------------------------------------------------------------------

# Names are compared word by word, in lower case between underscores: ``apiKey`` and ``Api-Key`` are ``_api_key_``.

_CASE_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATORS = re.compile(r"[\W_]+")

_SECRET_WORDS = re.compile(
    r"_(?:"
    # Also as the end of a longer word, such as "clientsecret".
    r"[a-z0-9]*(?:password|passwd|passphrase|pwd|secret)s?|[a-z0-9]*credentials?"
    r"|pass|authori[sz]ation|cookies?|bearer|jwt|code_?verifier"
    r"|(?:access|auth|api|app|bearer|bot|client|csrf|device|id|oauth|personal|private|push|refresh|secret|security"
    r"|session|user|verification|x|xsrf)?token"
    r"|(?:access|auth|api|bearer|bot|client|device|id|oauth|personal|private|push|refresh|session)_?tokens"
    r"|(?:access|api|app|auth|consumer|encryption|function|functions|host|master|private|secret|shared|signing"
    r"|storage|subscription)_?keys?"
    r")\d*_"
    r"|_auth_$|^_udid_$"
)
#: Names with a word of the above that only describe, count or page.
_DESCRIPTIVE_WORDS = re.compile(
    r"_(?:[a-z0-9]*(?:token|secret|password|passwd|cookie|key|credential)|auth|authori[sz]ation)s?_?(?:type|kind|count"
    r"|limit|budget|usage|used|name|id|url|uri|endpoint|server|chain|expir[a-z]*|lifetime|ttl|length|size|hint|policy"
    r"|consent|banner|preferences|settings|strength|format|status|scopes?|audience|issuer|algorithm|alg|method|label|valid"
    r"|details?)s?(?:_[a-z]+)?_$"
    r"|_(?:max|min|num|count|total|limit|used)(?:_[a-z0-9]+)*_tokens?_$"
    r"|_(?:page|next|prev|previous|continuation|sync|cursor|delta|skip|pagination)_?token_$"
)
#: Names that mean a secret among the parameters of addresses and headers.
_PARAMETER_WORDS = re.compile(r"_(?:sig|signature|pat|hapikey)(?:_?\d+)?_$|^_key_$")
#: Names that mean one in doubt: among parameters, and anywhere.
_AMBIGUOUS_PARAMETER_WORDS = re.compile(r"_(?:code|appid|[a-z0-9]*key)_$")
_AMBIGUOUS_WORDS = re.compile(r"_signature(?:_?\d+)?_$")

#: The most characters of a name whose verdict is cached, and of one that are looked at.
_MAX_CACHED_NAME, _MAX_NAME = 64, 256


def is_secret_name(name: str, in_doubt: bool = True) -> bool:
    """Returns whether a name says that its value is a secret, rather than a count, a kind or a page of secrets.

    Args:
        in_doubt: the verdict on names such as ``signature``.
    """
    return _is_secret_name(name, in_doubt) if len(name) <= _MAX_CACHED_NAME else _judge_name(name, in_doubt)


def is_secret_parameter(name: str, in_doubt: bool = True) -> bool:
    """Returns whether the name of a header or a query parameter says that its value is a secret.

    Args:
        in_doubt: the verdict on names such as ``code``.
    """
    if is_secret_name(name, in_doubt):
        return True
    is_cached = len(name) <= _MAX_CACHED_NAME
    return _is_secret_parameter(name, in_doubt) if is_cached else _judge_parameter(name, in_doubt)


def _judge_name(name: str, in_doubt: bool) -> bool:
    return any(
        (_SECRET_WORDS.search(words) is not None and _DESCRIPTIVE_WORDS.search(words) is None)
        or (in_doubt and _AMBIGUOUS_WORDS.search(words) is not None)
        for words in _words(name)
    )


def _judge_parameter(name: str, in_doubt: bool) -> bool:
    return any(
        _PARAMETER_WORDS.search(words) is not None
        or (
            in_doubt
            and _AMBIGUOUS_PARAMETER_WORDS.search(words) is not None
            and _DESCRIPTIVE_WORDS.search(words) is None
        )
        for words in _words(name)
    )


# The same few names occur in every body.
_is_secret_name = lru_cache(maxsize=4096)(_judge_name)
_is_secret_parameter = lru_cache(maxsize=4096)(_judge_parameter)


def _words(name: str) -> set[str]:
    """Returns the words of a name, between underscores: with the boundaries that its case gives, and without."""
    name = name[-_MAX_NAME:]
    texts = (_CASE_BOUNDARY.sub("_", name), name)
    return {f"_{_SEPARATORS.sub('_', text).strip('_').lower()}_" for text in texts}


# --- values that are no secret wherever they stand ---------------------------------------------------

_EXPRESSION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_HARMLESS_VALUE = re.compile(
    r"\s*(?:(?:bearer|basic|token|apikey|api-key|digest)\b\s*)?(?:true|false|null|\d{4}-\d\d-\d\d[T\d:.Z+-]*)?\s*",
    re.IGNORECASE,
)


def is_harmless(text: str) -> bool:
    """Returns whether a text is only references such as ``{{3.token}}``, a flag, a time or the name of a scheme."""
    return _HARMLESS_VALUE.fullmatch(_EXPRESSION.sub("", text)) is not None


_SCHEME = re.compile(r"\s*(?:(?:bearer|basic|token|apikey|api-key|digest)\b\s*)?", re.IGNORECASE)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
#: Words of which one says that a text stands for a value, and last words of what only names one.
_STAND_IN = re.compile(
    r"changeme|dummy|example|fake|hidden|insert|masked|paste|placeholder|redacted|removed|replace|sample|todo|x{3,}|your[a-z]*"
)
_NAMES_OF_SECRETS = frozenset(["credentials", "here", "key", "password", "secret", "token"])
_COUNT = re.compile(r"0+|1(?:2(?:34?5?6?)?)?|[2-9]")
#: The address of an account or a token on Ethereum, or on Solana.
_BLOCKCHAIN_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}|[1-9A-HJ-NP-Za-km-z]{43,44}")


def is_placeholder(text: str) -> bool:
    """Returns whether a text only shows where a secret is to stand: ``YOUR_API_KEY``, ``<api key>``, ``sk-xxxx``, ``...``.

    The public address of something on a blockchain, which often is called a token, is no secret either.
    """
    scheme = _SCHEME.match(text)
    text = text[scheme.end() if scheme else 0 :].strip()
    if _BLOCKCHAIN_ADDRESS.fullmatch(text):
        return True
    words = [word.lower() for word in _WORD.findall(text)]
    letters = [word for word in words if not word.isdigit()]
    if any(word.isdigit() and not _COUNT.fullmatch(word) for word in words):
        return False
    if sum(len(word) == 1 for word in letters) > 1:
        return False  # random letters
    if any(_STAND_IN.fullmatch(word) for word in letters):
        return True
    return not words or (len(letters) > 1 and letters[-1] in _NAMES_OF_SECRETS) or text[:1] in "<["


# --- forms -------------------------------------------------------------------------------------------

# Each search is made only where a text contains what it needs, which costs a fraction of the search itself.

#: The udid of a hook, in its URL or its mail address.
_HOOK_UDID = re.compile(
    r"(?<=/hook/)[0-9a-z]{32}\b|\b[0-9a-z]{32}(?=@hook\.)"
    r"|(?<=make\.com/)[0-9a-z]{32}\b|(?<=integromat\.com/)[0-9a-z]{32}\b",
    re.IGNORECASE,
)
#: The token in the URL of an MCP server.
_MCP_TOKEN = re.compile(r"(?P<before>\bmcp\b[\w./:-]{0,100}?/[ut]/)[^/?#\s\"'<>\\]+")
#: An Authorization header, with its scheme.
_AUTHORIZATION = re.compile(r"\b(?:bearer|basic)\s+[^\s\"']+|\btoken\s+[^\s\"']{16,}", re.IGNORECASE)
#: The credentials after the scheme of an Authorization header.
_CREDENTIALS = re.compile(r"(?<=\bBearer )[A-Za-z0-9._~+/=-]{8,}|(?<=\bBasic )[A-Za-z0-9+/=]{8,}")
#: Such credentials that are no word of a sentence.
_DEFINITE_CREDENTIALS = re.compile(
    r"(?<=\bBearer )(?=[A-Za-z._~+/=-]*\d)[A-Za-z0-9._~+/=-]{8,}|(?<=\bBasic )(?=[A-Za-z+/=]*\d)[A-Za-z0-9+/=]{8,}"
)
#: Keys that services issue in a form of their own: prefixes, JWT, PEM, secret parts of hook URLs.
_SERVICE_KEY = re.compile(
    r"\b(?:sk|pk|rk)[-_](?:(?:live|test|proj|ant|or|svcacct|admin)[-_][A-Za-z0-9_-]{16,}|[A-Za-z0-9]{20,})"
    r"|\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\bxapp-[A-Za-z0-9-]{10,}"
    r"|\b(?:gh[opsru]_|github_pat_|glpat-|shp(?:at|ca|pa|ss)_|dop_v1_|npm_|hf_|SG\.|ntn_|secret_)[A-Za-z0-9_.-]{16,}"
    r"|\bpat[A-Za-z0-9]{14}\.[0-9a-f]{64}\b|\bpat-[a-z0-9]+-[0-9a-f-]{36}\b"
    r"|\bA(?:KIA|SIA)[A-Z0-9]{16}\b|\bAIza[A-Za-z0-9_-]{35}|\bya29\.[A-Za-z0-9_-]{20,}|\bEAA[A-Za-z0-9]{40,}"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|(?<=/bot)\d{6,}:[A-Za-z0-9_-]{30,}"
    r"|(?<=hooks\.slack\.com/services/)[A-Za-z0-9/]{20,}|(?<=/api/webhooks/)\d+/[A-Za-z0-9_-]{20,}"
)
#: Texts of which every service key contains one.
_SERVICE_KEY_HINTS = (
    *("sk-", "sk_", "pk-", "pk_", "rk-", "rk_", "xox", "xapp-"),
    *(
        "gho_",
        "ghp_",
        "ghs_",
        "ghr_",
        "ghu_",
        "github_pat_",
        "glpat-",
        "shpat_",
        "shpca_",
        "shppa_",
        "shpss_",
    ),
    *(
        "dop_v1_",
        "npm_",
        "hf_",
        "SG.",
        "ntn_",
        "secret_",
        "pat",
        "AKIA",
        "ASIA",
        "AIza",
        "ya29.",
        "EAA",
        "eyJ",
    ),
    *("PRIVATE KEY", "/bot", "hooks.slack.com", "/api/webhooks/"),
)
#: The least length of a service key and a udid.
_MIN_KEY_LENGTH = 14


def mask_authorization_forms(text: str) -> str:
    """Masks what stands after the scheme of an Authorization header, scheme included, words of a sentence too."""
    lowered = text.lower()
    if "token" in lowered or "bearer" in lowered or "basic" in lowered:
        text = _AUTHORIZATION.sub(MASK, text)
    return _mask_keys(text, lowered)


def mask_credential_forms(
    text: str, *, in_doubt: bool = True, stand_in: Callable[[str], str] | None = None
) -> str:
    """Masks everything in a text that has the form of a credential.

    Args:
        in_doubt: mask words that follow the name of a scheme too.
        stand_in: the mask of a secret; by default that of all.
    """
    if "Bearer " in text or "Basic " in text:
        text = (_CREDENTIALS if in_doubt else _DEFINITE_CREDENTIALS).sub(_replacement(stand_in), text)
    return _mask_keys(text, text.lower(), stand_in)


def _mask_keys(text: str, lowered: str, stand_in: Callable[[str], str] | None = None) -> str:
    if len(text) < _MIN_KEY_LENGTH:
        return text
    if "hook" in lowered or ".com/" in lowered:
        text = _HOOK_UDID.sub(_replacement(stand_in), text)
    if "mcp" in text:
        text = _MCP_TOKEN.sub(_replacement(stand_in), text)
    # A comparison in C for each hint; a generator takes several times as long.
    if any(map(text.__contains__, _SERVICE_KEY_HINTS)):
        text = _SERVICE_KEY.sub(_replacement(stand_in), text)
    return text


def _replacement(stand_in: Callable[[str], str] | None) -> Callable[[re.Match[str]], str]:
    """Returns the function that masks a match, but for its group ``before``."""

    def replace(match: re.Match[str]) -> str:
        before = match.groupdict().get("before") or ""
        return before + (MASK if stand_in is None else stand_in(match[0][len(before) :]))

    return replace


# --- places ------------------------------------------------------------------------------------------

#: The user and password of a URL; a password may contain an ``@``.
USERINFO = re.compile(r"(?<=://)([^\s/?#'\"<>\\]+)(?=@)")
#: A parameter of a query or a form within a text.
QUERY_PARAMETER = re.compile(
    r"(?P<before>(?:^|[?&;])(?P<name>[A-Za-z0-9_.%\-\[\]]{1,60})=)(?P<value>[^&\s#\"'<>]+)"
)
#: A member of JSON that is not valid because it contains references.
JSON_MEMBER = re.compile(
    r"(?P<before>\"(?P<name>[A-Za-z0-9_. -]{1,60})\"\s*:\s*\")(?P<value>(?:[^\"\\]|\\.)+)(?=\")"
)
#: A field of a multipart form.
FORM_FIELD = re.compile(
    r"(?P<before>\bname=\"(?P<name>[^\"\r\n]{1,100})\"[^\r\n]{0,200}(?:\r?\n[^\r\n]{1,200}){0,5}\r?\n\r?\n)(?P<value>[\s\S]*?)(?=\r?\n--|\Z)"
)
#: Lists of name-value pairs, and objects, whose names are those of headers and parameters.
PARAMETER_LISTS = frozenset(["headers", "qs", "query", "queryString", "queryParameters"])


def parameter_name(match: re.Match[str]) -> str:
    """Returns the name of a matched parameter, decoded."""
    name = match["name"]
    return unquote(name) if "%" in name else name
