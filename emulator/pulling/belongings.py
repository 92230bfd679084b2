"""Reads what belongs to a team, as the rows that a seed has for it.

Source: API documentation and the vendor's SDK, endpoint by endpoint. Of connections only names and kinds are read,
never their data; of hooks not their addresses, by which anybody could call them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .options import Row
from .rows import (
    connection_row,
    data_store_row,
    flat_folders,
    function_row,
    hook_row,
    named,
    parents_first,
    record_row,
    scenario_row,
    template_row,
)
from .steps import Steps
from .zone import Absent, Refused, rows_of

#: How many rows are asked for at once.
PAGE = 500
RECORDS_PAGE = 100

_BY_ID = {"pg[sortBy]": "id", "pg[sortDir]": "asc"}
_BY_NAME = {"pg[sortBy]": "name", "pg[sortDir]": "asc"}


class Belongings:
    """The readers of one team, one method a kind of thing."""

    def __init__(self, steps: Steps, *, has_functions: bool) -> None:
        self._has_functions = has_functions
        self._steps = steps
        self._zone = steps.zone
        self._team = steps.options.team_id

    # --- connections, hooks, folders -------------------------------------------------------------

    def connections(self) -> list[Row]:
        """Names and kinds of the connections."""

        def read() -> list[Row]:
            return [
                connection_row(row)
                for row in rows_of(self._zone.get("connections", teamId=self._team), "connections")
            ]

        rows = self._steps.part("connections", "connections:read", "connections", read) or []
        for row in self._counted("connections", rows):
            if row.pop("scopesCnt", 0):
                self._complete(row, "connection", "connections:read", self._connection_scopes)
        return self._sorted(rows)

    def _connection_scopes(self, id: int) -> Row:
        detail = self._zone.get("connections", id)["connection"]
        scopes = [
            scope["id"] if isinstance(scope, Mapping) else scope for scope in detail.get("scopes") or []
        ]
        return {"scopes": [scope for scope in scopes if isinstance(scope, str)]}

    def hooks(self) -> list[Row]:
        rows = self._all("hooks", "hooks:read", "hooks", hook_row, teamId=self._team, **_BY_ID)
        for row in rows:
            for name in row.pop("unknown", ()):
                self._steps.note(
                    f"{name} of hook {row['id']}", "the emulator does not know it for this type of hook"
                )
        return rows

    def functions(self) -> list[Row]:
        """The custom functions; none where the plan includes none, and their list is forbidden."""
        if not self._has_functions:
            return []

        def read() -> list[Row]:
            answer = self._zone.get("functions", teamId=self._team)
            return [function_row(row) for row in rows_of(answer, "functions")]

        rows = self._steps.part("custom functions", "functions:read", "functions", read) or []
        for row in self._counted("custom functions", rows):
            self._complete(row, "custom function", "functions:read", self._code)
        return self._sorted([row for row in rows if "code" in row])

    def _code(self, id: int) -> Row:
        return {"code": self._zone.get("functions", id)["function"]["code"]}

    def folders(self) -> list[Row]:
        """The folders of scenarios, each after the one in which it lies."""

        def read() -> list[Row]:
            answer = self._zone.get("scenarios-folders", teamId=self._team, childrenDepth="all")
            return list(flat_folders(rows_of(answer, "scenariosFolders"), None))

        rows = self._steps.part("folders", "scenarios:read", "folders", read) or []
        unique = {row["id"]: row for row in rows}
        return parents_first(unique)

    # --- data ------------------------------------------------------------------------------------

    def data_structures(self) -> list[Row]:
        rows = self._all(
            "data structures",
            "udts:read",
            "dataStructures",
            named,
            path="data-structures",
            teamId=self._team,
            **_BY_NAME,
        )
        for row in self._counted("data structures", rows):
            self._complete(row, "data structure", "udts:read", self._specification)
        return self._sorted([row for row in rows if "spec" in row])

    def _specification(self, id: int) -> Row:
        columns = ["id", "name", "spec", "strict"]
        detail = self._zone.get("data-structures", id, cols=columns)["dataStructure"]
        return {**({"strict": True} if detail.get("strict") else {}), "spec": detail["spec"]}

    def data_stores(self) -> list[Row]:
        columns = ["id", "name", "maxSize", "datastructureId"]
        rows = self._all(
            "data stores",
            "datastores:read",
            "dataStores",
            data_store_row,
            path="data-stores",
            cols=columns,
            teamId=self._team,
            **_BY_NAME,
        )
        for row in self._counted("data stores", rows):
            records, whole = self._records(row["id"])
            if records:
                row["records"] = records
            if not whole:
                self._steps.note(
                    f"records of data store {row['id']}", f"only the first {len(records)} were asked for"
                )
        return self._sorted(rows)

    def _records(self, id: int) -> tuple[list[Row], bool]:
        """As many records of a store as were asked for, and whether these are all."""
        wanted = self._steps.options.records
        records: list[Row] = []
        # One more than wanted tells whether there are more.
        while wanted is None or 0 < wanted >= len(records):
            limit = RECORDS_PAGE if wanted is None else min(RECORDS_PAGE, wanted + 1 - len(records))
            page = self._records_page(id, limit, len(records))
            if page is None:
                return records, True
            records += page["rows"]
            if page["last"]:
                return records, True
            self._steps.progress.at(f"records of data store {id}", len(records), 0)
        return records[:wanted], wanted == 0

    def _records_page(self, id: int, limit: int, offset: int) -> Row | None:
        def read() -> Row:
            page = self._zone.page("records", "data-stores", id, "data", limit=limit, offset=offset)
            return {"rows": [record_row(row) for row in page.rows], "last": page.is_last}

        key = f"records of data store {id} from {offset}"
        page: Row | None = self._steps.part(
            "records of data stores", "datastores:read", key, read, one=f"records of data store {id}"
        )
        return page

    # --- scenarios and templates -----------------------------------------------------------------

    def scenarios(self) -> list[Row]:
        rows = self._all(
            "scenarios", "scenarios:read", "scenarios", scenario_row, teamId=self._team, **_BY_ID
        )
        whole = []
        for row in self._counted("scenarios", rows):
            self._complete(row, "scenario", "scenarios:read", self._blueprint)
            if "blueprint" not in row:
                continue
            if number := self._steps.options.executions:
                row["runs"] = self._runs(row["id"], number)
            whole.append(row)
        return whole

    def _blueprint(self, id: int) -> Row:
        """The current blueprint, with the inputs and outputs as an exported one has them."""
        response = self._zone.get("scenarios", id, "blueprint")["response"]
        specs = response.get("metadata")
        if not isinstance(specs, Mapping) or "input_spec" not in specs:
            interface = self._zone.get("scenarios", id, "interface")["interface"]
            specs = {"input_spec": interface.get("input"), "output_spec": interface.get("output")}
        io = {part: specs[part] for part in ("input_spec", "output_spec") if specs.get(part)}
        blueprint = {key: value for key, value in response["blueprint"].items() if key != "io"}
        return {"blueprint": {**blueprint, **({"io": io} if io else {})}}

    def _runs(self, id: int, number: int) -> list[Row]:
        """When a scenario ran last, oldest first. The inputs of a run are not told by the API."""

        def read() -> list[Row]:
            answer = self._zone.get("scenarios", id, "logs", **{"pg[limit]": number})
            # What people did to the scenario stands among its runs, without a status.
            runs = [row for row in rows_of(answer, "scenarioLogs") if "status" in row]
            return [
                {"at": row["timestamp"], "manual": row.get("authorId") is not None} for row in runs[:number]
            ]

        key = f"executions of scenario {id}"
        rows = self._steps.part("past executions", "scenarios:read", key, read, one=key)
        return list(reversed(rows or []))

    def templates(self) -> list[Row]:
        rows = self._all(
            "templates", "templates:read", "templates", template_row, teamId=self._team, **_BY_ID
        )
        for row in self._counted("templates", rows):
            self._complete(row, "template", "templates:read", self._template_blueprint)
        return [row for row in rows if "blueprint" in row]

    def _template_blueprint(self, id: int) -> Row:
        answer = self._zone.get("templates", id, "blueprint")
        return {key: answer[key] for key in ("language", "scheduling", "blueprint") if answer.get(key)}

    # --- what they share -------------------------------------------------------------------------

    def _all(
        self,
        what: str,
        scope: str,
        key: str,
        shape: Callable[[Row], Row],
        *,
        path: str | None = None,
        **query: Any,
    ) -> list[Row]:
        """All rows of a list, page by page; none if the token may not read them."""
        rows: dict[int, Row] = {}
        while True:

            def read(offset: int = len(rows)) -> Row:
                page = self._zone.page(key, path or key, limit=PAGE, offset=offset, **query)
                return {"rows": [shape(row) for row in page.rows], "last": page.is_last}

            page = self._steps.part(what, scope, f"{what} from {len(rows)}", read)
            if page is None:
                return list(rows.values())
            before = len(rows)
            rows |= {row["id"]: row for row in page["rows"]}
            # A list that cannot be paged answers the same again.
            if page["last"] or len(rows) == before:
                return list(rows.values())

    def _complete(self, row: Row, kind: str, scope: str, read: Callable[[int], Row]) -> None:
        """Add to a row of a list what only its own path tells."""
        id = row["id"]
        try:
            row.update(self._steps.step(f"{kind} {id}", lambda: read(id)))
        except Absent:
            self._steps.note(f"{kind} {id}", "it was deleted while the team was read")
        except Refused as refused:
            self._steps.refused(f"the details of {kind}s", scope, refused, one=f"{kind} {id}")

    def _counted(self, what: str, rows: list[Row]) -> Iterator[Row]:
        for place, row in enumerate(rows):
            yield row
            self._steps.progress.at(what, place + 1, len(rows))

    @staticmethod
    def _sorted(rows: list[Row]) -> list[Row]:
        return sorted(rows, key=lambda row: int(row["id"]))
