"""Custom functions of teams: their validation, creation, history and deletion. `make_emulator.engine.custom_functions` runs them.

Sources: API documentation, "Custom functions"; Help centre, "Custom functions"; samples of the vendor's SDK.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from operator import attrgetter

from .exceptions import IncompatibleInputError, NotConfirmedError
from .models import CustomFunction, FunctionChange, Scenario, Team, User
from .tables import Selection
from .world import World

#: Characters of the code.
MAX_CODE_LENGTH = 5000

#: Characters of the description (API documentation).
MAX_DESCRIPTION_LENGTH = 128

#: Reserved words of JavaScript (Help centre, the list under "Requirements for the name").
_RESERVED_WORDS = re.compile(
    "do|if|in|for|let|new|try|var|case|else|enum|eval|null|this|true|void|with|await|break|catch|class|const|false|super|throw"
    "|while|yield|delete|export|import|public|return|static|switch|typeof|default|extends|finally|package|private|continue"
    "|debugger|function|arguments|interface|protected|implements|instanceof"
)

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*", re.ASCII)
_BLANK = r"(?:\s|//[^\n]*(?:\n|\Z)|/\*(?:[^*]|\*(?!/))*\*/)"
_DECLARATION = re.compile(rf"{_BLANK}*+function{_BLANK}++([\w$]+){_BLANK}*+(?=\()")
_BODY_START = re.compile(rf"{_BLANK}*+\{{")
#: Tokens for matching brackets: brackets, and the strings and comments that may contain others.
_BRACKET = re.compile(
    r"""[()]|"(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+'|`(?:[^`\\]|\\.)*+`|//[^\n]*|/\*(?:[^*]|\*(?!/))*+\*/""",
    re.DOTALL,
)


def find_name_issue(name: str) -> str | None:
    """The issue of a function's name, if there is one."""
    if not _NAME.fullmatch(name):
        return "The name of a function must contain only letters and digits, and cannot start with a digit."
    if _RESERVED_WORDS.fullmatch(name):
        return f"The name of a function cannot be the reserved word '{name}'."
    return None


def find_code_issue(name: str, code: str) -> str | None:
    """The issue of the code of a function with a name, if one is found without running it."""
    if len(code) > MAX_CODE_LENGTH:
        return f"The code of a function cannot have more than {MAX_CODE_LENGTH} characters."
    head = _parse_declaration(code)
    if head is None:
        return "The code must be a function: function name(arguments) { … }."
    if head[0] != name:
        return f"The function in the code is called '{head[0]}' instead of '{name}'."
    return None


def _parse_declaration(code: str) -> tuple[str, str] | None:
    """The name and the bracketed arguments of the function with which code begins, if it does."""
    start = _DECLARATION.match(code)
    if start is None:
        return None
    depth = 0
    for found in _BRACKET.finditer(code, start.end()):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if depth == 0:
            return (
                (start[1], code[start.end() : found.end()]) if _BODY_START.match(code, found.end()) else None
            )
    return None


def parse_arguments(code: str) -> str:
    """The arguments as the API shows them, e.g. ``(array1, array2)``; ``()`` for code that is no function."""
    head = _parse_declaration(code)
    return " ".join(head[1].split()) if head else "()"


def find_by_name(world: World, team_id: int, name: str) -> CustomFunction | None:
    """The function of a team with a name."""
    return next(iter(world.functions.where(name=(team_id, name))), None)


def create(
    world: World, user: User, team: Team, *, name: str, description: str, code: str, id: int | None = None
) -> CustomFunction:
    """Creates a function.

    Raises:
        IncompatibleInputError: if the name or the code is invalid, or the team has a function of that name (Make's IM005).
    """
    issue = find_name_issue(name) or find_code_issue(name, code)
    if issue is None and find_by_name(world, team.id, name) is not None:
        issue = f"The team has a function '{name}' already."
    if issue is not None:
        raise IncompatibleInputError(issue)
    now = world.now()
    return world.functions.put(
        CustomFunction(
            id=world.ids.assign("function", id),
            name=name,
            team_id=team.id,
            description=description,
            code=code,
            created=now,
            updated=now,
            created_by=user.id,
        )
    )


def update(
    world: World,
    user: User,
    function: CustomFunction,
    *,
    name: str | None = None,
    description: str | None = None,
    code: str | None = None,
) -> CustomFunction:
    """Changes description or code; the previous code is added to the history. A name may be sent if it is unchanged.

    Raises:
        IncompatibleInputError: if the name differs, or the code is not that of the function (Make's IM005).
    """
    if name not in (None, function.name):
        raise IncompatibleInputError("The name of a function cannot be changed.")
    if code is not None and (issue := find_code_issue(function.name, code)) is not None:
        raise IncompatibleInputError(issue)
    now = world.now()
    if code is not None and code != function.code:
        world.function_changes.put(
            FunctionChange(
                id=world.ids.next("function change"),
                function_id=function.id,
                previous_code=function.code,
                updated=now,
                updated_by=user.id,
            )
        )
    return world.functions.put(
        replace(
            function,
            description=function.description if description is None else description,
            code=function.code if code is None else code,
            updated=now,
        )
    )


def delete(world: World, function: CustomFunction, users: Iterable[Scenario], *, confirmed: bool) -> None:
    """Deletes a function with its history; the scenarios that use it are unchanged, and fail.

    Raises:
        NotConfirmedError: if there are scenarios that use it, and the caller did not confirm.
    """
    if not confirmed and (names := [f"'{row.name}' ({row.id})" for row in users]):
        raise NotConfirmedError(
            f"Function '{function.name}' is used by scenarios: {', '.join(names)}.", "deleteFunction"
        )
    world.functions.remove(function.id)


def history(world: World, function: CustomFunction) -> list[FunctionChange]:
    """The changes of a function, the latest first."""
    changes: Selection[FunctionChange] = world.function_changes.where(function=function.id)
    return changes.page(attrgetter("id"), descending=True)
