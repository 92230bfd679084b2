"""Rules for what is a secret: by the name it stands under, by its place in an address, and by its form.

Two kinds of output apply them. What is *shown* (request log, traces, pages, archives) masks in doubt; see `masking`.
What is *kept to be run again* (a pulled blueprint) exempts references, flags and names that only describe a secret;
see `blueprints`.
"""

from __future__ import annotations

import re
from functools import lru_cache

#: The replacement of every secret.
MASK = "********"

# --- names -----------------------------------------------------------------------------------------

_SECRET_NAME = re.compile(
    r"pass(word|phrase|wd)?$|pwd|secret|token|(api|access|private|auth|encryption)[-_ ]?key|credential"
    r"|authori[sz]ation|cookie|bearer|signature|(^|[-_ ])auth$|^udid$",
    re.IGNORECASE,
)
#: The most characters of a name whose verdict is cached.
_MAX_CACHED_NAME = 64
#: Names that mean a secret only among parameters and headers, beside those that always do.
_SECRET_PARAMETER_NAME = re.compile(r"(^|[-_ ])(key|code|sig|appid|pat)$|key$", re.IGNORECASE)
#: Names that contain a word of the above and count or describe instead.
_DESCRIPTIVE_NAME = re.compile(
    r"(max|min|num|count|total|limit|used|output|input|prompt|completion)[-_ a-z]*tokens?$"
    r"|(token|secret|password|cookie|key)[-_ ]?s?[-_ ]?(type|count|limit|used|name|id|url|uri|chain|expir\w*|lifetime|length)$"
    r"|^(page|next|prev|continuation|sync|cursor)[-_ ]?(page)?[-_ ]?token$",
    re.IGNORECASE,
)


def is_secret_name(name: str) -> bool:
    """Returns whether a name says that its value is a secret."""
    return _is_secret(name) if len(name) <= _MAX_CACHED_NAME else _SECRET_NAME.search(name) is not None


def is_credential_name(name: str) -> bool:
    """Returns whether a name says that its value is a secret, rather than a count, a kind or a page of secrets."""
    return is_secret_name(name) and _DESCRIPTIVE_NAME.search(name) is None


@lru_cache(maxsize=4096)
def _is_secret(name: str) -> bool:
    # The same few names occur in every body.
    return _SECRET_NAME.search(name) is not None


def is_credential_parameter(name: str) -> bool:
    """Returns whether the name of a header or a query parameter says that its value is a secret."""
    return is_credential_name(name) or _SECRET_PARAMETER_NAME.search(name) is not None


# --- values that are no secret wherever they stand ---------------------------------------------------

_EXPRESSION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_HARMLESS_VALUE = re.compile(
    r"\s*(?:(?:bearer|basic|token|apikey|api-key|digest)\b\s*)?(?:true|false|null|\d{4}-\d\d-\d\d[T\d:.Z+-]*)?\s*",
    re.IGNORECASE,
)


def is_harmless(text: str) -> bool:
    """Returns whether a text is only references such as ``{{3.token}}``, a flag, a time or the name of a scheme."""
    return _HARMLESS_VALUE.fullmatch(_EXPRESSION.sub("", text)) is not None


# --- forms -------------------------------------------------------------------------------------------

# Each search is made only where a text contains what it needs, which costs a fraction of the search itself.

#: The udid of a hook, in its URL or its mail address.
_HOOK_UDID = re.compile(
    r"(?<=/hook/)[0-9a-z]{32}\b|\b[0-9a-z]{32}(?=@hook\.)"
    r"|(?<=make\.com/)[0-9a-z]{32}\b|(?<=integromat\.com/)[0-9a-z]{32}\b",
    re.IGNORECASE,
)
#: A token of Make's API: a version 4 UUID.
_API_TOKEN = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b", re.IGNORECASE
)
#: An Authorization header, with its scheme.
_AUTHORIZATION = re.compile(r"\b(?:bearer|basic)\s+[^\s\"']+|\btoken\s+[^\s\"']{16,}", re.IGNORECASE)
#: The credentials after the scheme of an Authorization header.
_CREDENTIALS = re.compile(r"(?<=\bBearer )[A-Za-z0-9._~+/=-]{8,}|(?<=\bBasic )[A-Za-z0-9+/=]{8,}")
#: Keys that services issue in a form of their own: prefixes, JWT, PEM, secret parts of hook URLs.
_SERVICE_KEY = re.compile(
    r"\b(?:sk|pk|rk)[-_](?:live[-_]|test[-_]|proj[-_]|ant[-_]|or[-_])?[A-Za-z0-9_-]{16,}"
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
#: The least length of a service key, a udid and an API token.
_MIN_KEY_LENGTH = 14


def mask_secret_forms(text: str) -> str:
    """Masks everything in a text that has the form of a secret."""
    lowered = text.lower()
    if "token" in lowered or "bearer" in lowered or "basic" in lowered:
        text = _AUTHORIZATION.sub(MASK, text)
    if "-4" in text:
        text = _API_TOKEN.sub(MASK, text)
    return _mask_keys(text, lowered)


def mask_credential_forms(text: str) -> str:
    """Masks everything in a text that has the form of a credential, and leaves UUIDs alone: any id may be one."""
    if "Bearer " in text or "Basic " in text:
        text = _CREDENTIALS.sub(MASK, text)
    return _mask_keys(text, text.lower())


def _mask_keys(text: str, lowered: str) -> str:
    if len(text) < _MIN_KEY_LENGTH:
        return text
    if "hook" in lowered or ".com/" in lowered:
        text = _HOOK_UDID.sub(MASK, text)
    # A comparison in C for each hint; a generator takes several times as long.
    if any(map(text.__contains__, _SERVICE_KEY_HINTS)):
        text = _SERVICE_KEY.sub(MASK, text)
    return text


# --- places ------------------------------------------------------------------------------------------

#: The user and password of a URL.
USERINFO = re.compile(r"(?<=://)([^\s/@?#'\"<>]+)(?=@)")
#: A parameter of a query or a form within a text.
QUERY_PARAMETER = re.compile(
    r"(?P<before>(?:^|[?&;])(?P<name>[A-Za-z0-9_.\-\[\]]{1,60})=)(?P<value>[^&\s#\"'<>]+)"
)
#: A query parameter within a text whose name contains a word for a secret, whatever else it contains.
SECRET_QUERY_PARAMETER = re.compile(
    r"(?P<before>[?&][\w.-]{0,40}(?:token|secret|password|passwd|pwd|signature|api[-_]?key|access[-_]?key)[\w.-]{0,40}=)"
    r"[^\s&#\"'\\]+",
    re.IGNORECASE,
)
#: A member of JSON that is not valid because it contains references.
JSON_MEMBER = re.compile(
    r"(?P<before>\"(?P<name>[A-Za-z0-9_. -]{1,60})\"\s*:\s*\")(?P<value>(?:[^\"\\]|\\.)+)(?=\")"
)
