"""Types that the names of fields suggest, for fields of which only the name is known.

Names are of many services, in camelCase, snake_case or with spaces. A name that may mean several things suggests none.
"""

from __future__ import annotations

import re

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

#: Last word of a name -> the type of the value.
_LAST_WORDS = {
    word: type
    for type, words in {
        "date": (
            "at created date datetime deadline end expires expiry modified published start time timestamp updated"
        ),
        "uinteger": "bytes count height hits index iid length limit offset pages position progress quantity rank seconds size width",
        "number": (
            "amount balance clouds confidence cost discount duration fee humidity latitude longitude percent price"
            " pressure rate score speed subtotal tax temperature total"
        ),
        "boolean": "active archived deleted enabled verified",
        "buffer": "audio binary buffer data file",
        "filename": "filename",
        "email": "email",
        "url": "href link permalink uri url website",
        "uuid": "guid uuid",
        "collection": "headers metadata properties settings",
    }.items()
    for word in words.split()
}
#: Whole names, without separators, whose last word would mislead.
_WHOLE_NAMES = {
    "filename": "filename",
    "imagedata": "buffer",
    "max": "number",
    "min": "number",
    "rownumber": "uinteger",
}
_QUESTIONS = frozenset({"are", "can", "has", "is", "should", "was"})
#: Words that end in s, and are no plurals.
_SINGULARS = re.compile(
    r"(?:ss|us|is|ous|ics|news|series|yes|this|was|has|always|ios|os|js|css|https|gas|ms|sms|dns|words|hours|minutes|days|credits|points"
    r"|sys|tls|rss|aws|gps|likes|views|shares|tokens)$"
)


def suggested_type(name: str) -> str | None:
    """Returns the type that a field's name suggests, as interfaces name types; ``array`` for a plural, ``None`` if it suggests none."""
    words = [word.lower() for word in _WORD.findall(name[:100])]
    if not words:
        return None
    whole = _WHOLE_NAMES.get("".join(words))
    if whole is not None:
        return whole
    if len(words) > 1 and words[0] in _QUESTIONS:
        return "boolean"
    if words[0] == "date":
        return "date"
    last = words[-1]
    if last in _LAST_WORDS:
        return _LAST_WORDS[last]
    return "array" if len(last) > 3 and last.endswith("s") and not _SINGULARS.search(last) else None
