"""Reader of the resources of a team, as rows of a seed.

Source: API documentation and the vendor's SDK, endpoint by endpoint. Of connections and keys only names and types are read,
never their data; of hooks not their URLs, which are secrets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..json_types import JsonObject
from .client import ErrorResponseError, NotFoundError, extract_rows
from .rows import (
    connection_row,
    credential_request_row,
    data_store_row,
    device_row,
    flatten_folders,
    function_row,
    hook_row,
    id_and_name,
    key_row,
    record_row,
    scenario_row,
    sort_parents_first,
    template_row,
)
from .steps import StepRunner

#: The page sizes of lists.
PAGE_SIZE = 500
RECORDS_PAGE_SIZE = 100

_SORT_BY_ID = {"pg[sortBy]": "id", "pg[sortDir]": "asc"}
_SORT_BY_NAME = {"pg[sortBy]": "name", "pg[sortDir]": "asc"}


class TeamReader:
    """Reader of one team, with a method for each kind of resource."""

    def __init__(self, steps: StepRunner, *, has_functions: bool, has_custom_properties: bool) -> None:
        self._has_functions = has_functions
        self._has_custom_properties = has_custom_properties
        self._steps = steps
        self._zone = steps.zone
        self._team = steps.options.team_id

    # --- connections, hooks, folders -------------------------------------------------------------

    def connections(self) -> list[JsonObject]:
        """Returns the names and types of the connections."""

        def read() -> list[JsonObject]:
            return [
                connection_row(row)
                for row in extract_rows(self._zone.get("connections", teamId=self._team), "connections")
            ]

        rows = self._steps.read_optional("connections", "connections:read", "connections", read) or []
        for row in self._with_progress("connections", rows):
            if row.pop("scopesCnt", 0):
                self._add_details(row, "connection", "connections:read", self._connection_scopes)
        return self._sort_by_id(rows)

    def _connection_scopes(self, id: int) -> JsonObject:
        detail = self._zone.get("connections", id)["connection"]
        scopes = [
            scope["id"] if isinstance(scope, Mapping) else scope for scope in detail.get("scopes") or []
        ]
        return {"scopes": [scope for scope in scopes if isinstance(scope, str)]}

    def keys(self) -> list[JsonObject]:
        """Returns the names and types of the keys."""

        def read() -> list[JsonObject]:
            response = self._zone.get("keys", teamId=self._team, cols=["id", "name", "typeName"])
            return [key_row(row) for row in extract_rows(response, "keys")]

        return self._sort_by_id(self._steps.read_optional("keys", "keys:read", "keys", read) or [])

    def credential_requests(self) -> list[JsonObject]:
        """Returns the credential requests with the states of their credentials, in the order of their creation."""
        scope = "credential-requests:read"

        def read() -> list[JsonObject]:
            response = self._zone.get("credential-requests", "requests", teamId=self._team)
            rows = sorted(extract_rows(response, "requests"), key=lambda row: str(row["createdAt"]))
            return [{"id": row["id"]} for row in rows]

        rows = self._steps.read_optional("credential requests", scope, "credential requests", read) or []
        for row in self._with_progress("credential requests", rows):
            self._add_details(row, "credential request", scope, self._credential_request)
            del row["id"]
        return [row for row in rows if row]

    def _credential_request(self, id: str) -> JsonObject:
        response = self._zone.get("credential-requests", "requests", id, "detail")
        return credential_request_row(response["requestDetail"])

    def devices(self) -> list[JsonObject]:
        """Returns the devices, without the messages in their queues."""

        def read() -> list[JsonObject]:
            response = self._zone.get("devices", teamId=self._team, cols=["id", "name", "scope", "info"])
            return [device_row(row) for row in extract_rows(response, "devices")]

        return self._sort_by_id(self._steps.read_optional("devices", "devices:read", "devices", read) or [])

    def hooks(self) -> list[JsonObject]:
        rows = self._list_all("hooks", "hooks:read", "hooks", hook_row, teamId=self._team, **_SORT_BY_ID)
        for row in rows:
            for name in row.pop("unknown", ()):
                self._steps.add_note(
                    f"{name} of hook {row['id']}", "the emulator does not know it for this type of hook"
                )
        return rows

    def functions(self) -> list[JsonObject]:
        """Returns the custom functions; none if the plan includes none, where their list is forbidden."""
        if not self._has_functions:
            return []

        def read() -> list[JsonObject]:
            response = self._zone.get("functions", teamId=self._team)
            return [function_row(row) for row in extract_rows(response, "functions")]

        rows = self._steps.read_optional("custom functions", "functions:read", "functions", read) or []
        for row in self._with_progress("custom functions", rows):
            self._add_details(row, "custom function", "functions:read", self._function_code)
        return self._sort_by_id([row for row in rows if "code" in row])

    def _function_code(self, id: int) -> JsonObject:
        return {"code": self._zone.get("functions", id)["function"]["code"]}

    def folders(self) -> list[JsonObject]:
        """Returns the folders of scenarios, each after its parent."""

        def read() -> list[JsonObject]:
            response = self._zone.get("scenarios-folders", teamId=self._team, childrenDepth="all")
            return list(flatten_folders(extract_rows(response, "scenariosFolders"), None))

        rows = self._steps.read_optional("folders", "scenarios:read", "folders", read) or []
        unique = {row["id"]: row for row in rows}
        return sort_parents_first(unique)

    # --- data ------------------------------------------------------------------------------------

    def data_structures(self) -> list[JsonObject]:
        rows = self._list_all(
            "data structures",
            "udts:read",
            "dataStructures",
            id_and_name,
            path="data-structures",
            teamId=self._team,
            **_SORT_BY_NAME,
        )
        for row in self._with_progress("data structures", rows):
            self._add_details(row, "data structure", "udts:read", self._specification)
        return self._sort_by_id([row for row in rows if "spec" in row])

    def _specification(self, id: int) -> JsonObject:
        columns = ["id", "name", "spec", "strict"]
        detail = self._zone.get("data-structures", id, cols=columns)["dataStructure"]
        return {**({"strict": True} if detail.get("strict") else {}), "spec": detail["spec"]}

    def data_stores(self) -> list[JsonObject]:
        columns = ["id", "name", "maxSize", "datastructureId"]
        rows = self._list_all(
            "data stores",
            "datastores:read",
            "dataStores",
            data_store_row,
            path="data-stores",
            cols=columns,
            teamId=self._team,
            **_SORT_BY_NAME,
        )
        for row in self._with_progress("data stores", rows):
            records, whole = self._records(row["id"])
            if records:
                row["records"] = records
            if not whole:
                self._steps.add_note(
                    f"records of data store {row['id']}", f"only the first {len(records)} were requested"
                )
        return self._sort_by_id(rows)

    def _records(self, id: int) -> tuple[list[JsonObject], bool]:
        """Returns the records of a store up to the limit of the options, and whether they are all."""
        maximum = self._steps.options.records
        records: list[JsonObject] = []
        # One more than the maximum shows whether there are more.
        while maximum is None or 0 < maximum >= len(records):
            limit = (
                RECORDS_PAGE_SIZE if maximum is None else min(RECORDS_PAGE_SIZE, maximum + 1 - len(records))
            )
            page = self._records_page(id, limit, len(records))
            if page is None:
                return records, True
            records += page["rows"]
            if page["last"]:
                return records, True
            self._steps.progress.update(f"records of data store {id}", len(records), 0)
        return records[:maximum], maximum == 0

    def _records_page(self, id: int, limit: int, offset: int) -> JsonObject | None:
        def read() -> JsonObject:
            page = self._zone.page("records", "data-stores", id, "data", limit=limit, offset=offset)
            return {"rows": [record_row(row) for row in page.rows], "last": page.is_last}

        key = f"records of data store {id} from {offset}"
        page: JsonObject | None = self._steps.read_optional(
            "records of data stores", "datastores:read", key, read, one=f"records of data store {id}"
        )
        return page

    # --- scenarios and templates -----------------------------------------------------------------

    def scenarios(self) -> list[JsonObject]:
        rows = self._list_all(
            "scenarios", "scenarios:read", "scenarios", scenario_row, teamId=self._team, **_SORT_BY_ID
        )
        whole = []
        for row in self._with_progress("scenarios", rows):
            self._add_details(row, "scenario", "scenarios:read", self._blueprint)
            if "blueprint" not in row:
                continue
            if self._has_custom_properties:
                self._add_details(
                    row, "custom properties of scenario", "scenarios:read", self._custom_properties
                )
            if number := self._steps.options.executions:
                row["runs"] = self._runs(row["id"], number)
            whole.append(row)
        return whole

    def _custom_properties(self, id: int) -> JsonObject:
        values = self._zone.get("scenarios", id, "custom-properties")["customProperties"]
        return {"customProperties": values} if values else {}

    def _blueprint(self, id: int) -> JsonObject:
        """Returns the current blueprint, with inputs and outputs as in an export."""
        response = self._zone.get("scenarios", id, "blueprint")["response"]
        specs = response.get("metadata")
        if not isinstance(specs, Mapping) or "input_spec" not in specs:
            interface = self._zone.get("scenarios", id, "interface")["interface"]
            specs = {"input_spec": interface.get("input"), "output_spec": interface.get("output")}
        io = {part: specs[part] for part in ("input_spec", "output_spec") if specs.get(part)}
        blueprint = {key: value for key, value in response["blueprint"].items() if key != "io"}
        return {"blueprint": {**blueprint, **({"io": io} if io else {})}}

    def _runs(self, id: int, number: int) -> list[JsonObject]:
        """Returns the times of the last runs of a scenario, oldest first. The API has no inputs of runs."""

        def read() -> list[JsonObject]:
            response = self._zone.get("scenarios", id, "logs", **{"pg[limit]": number})
            # Changes of the scenario are listed among its runs, without a status.
            runs = [row for row in extract_rows(response, "scenarioLogs") if "status" in row]
            return [
                {"at": row["timestamp"], "manual": row.get("authorId") is not None} for row in runs[:number]
            ]

        key = f"executions of scenario {id}"
        rows = self._steps.read_optional("past executions", "scenarios:read", key, read, one=key)
        return list(reversed(rows or []))

    def templates(self) -> list[JsonObject]:
        rows = self._list_all(
            "templates", "templates:read", "templates", template_row, teamId=self._team, **_SORT_BY_ID
        )
        for row in self._with_progress("templates", rows):
            self._add_details(row, "template", "templates:read", self._template_blueprint)
        return [row for row in rows if "blueprint" in row]

    def _template_blueprint(self, id: int) -> JsonObject:
        response = self._zone.get("templates", id, "blueprint")
        return {key: response[key] for key in ("language", "scheduling", "blueprint") if response.get(key)}

    # --- shared -------------------------------------------------------------------------

    def _list_all(
        self,
        what: str,
        scope: str,
        key: str,
        shape: Callable[[JsonObject], JsonObject],
        *,
        path: str | None = None,
        **query: Any,
    ) -> list[JsonObject]:
        """Returns all rows of a list, page by page; none if the token may not read them."""
        rows: dict[int, JsonObject] = {}
        while True:

            def read(offset: int = len(rows)) -> JsonObject:
                page = self._zone.page(key, path or key, limit=PAGE_SIZE, offset=offset, **query)
                return {"rows": [shape(row) for row in page.rows], "last": page.is_last}

            page = self._steps.read_optional(what, scope, f"{what} from {len(rows)}", read)
            if page is None:
                return list(rows.values())
            before = len(rows)
            rows |= {row["id"]: row for row in page["rows"]}
            # A list without paging returns the same rows again.
            if page["last"] or len(rows) == before:
                return list(rows.values())

    def _add_details(self, row: JsonObject, kind: str, scope: str, read: Callable[[Any], JsonObject]) -> None:
        """Adds to a row of a list the fields of its own path."""
        id = row["id"]
        try:
            row.update(self._steps.read(f"{kind} {id}", lambda: read(id)))
        except NotFoundError:
            self._steps.add_note(f"{kind} {id}", "it was deleted while the team was read")
        except ErrorResponseError as error:
            self._steps.note_unreadable(f"the details of {kind}s", scope, error, one=f"{kind} {id}")

    def _with_progress(self, what: str, rows: list[JsonObject]) -> Iterator[JsonObject]:
        for number, row in enumerate(rows, 1):
            yield row
            self._steps.progress.update(what, number, len(rows))

    @staticmethod
    def _sort_by_id(rows: list[JsonObject]) -> list[JsonObject]:
        return sorted(rows, key=lambda row: int(row["id"]))
