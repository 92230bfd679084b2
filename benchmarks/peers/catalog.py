"""The peers: for each one its installation, its start, and the requests with which it does the same work.

Each stores scenarios with the fields of the emulator's own responses, or the resource of its own that is nearest,
filled up to the same length. Whatever a peer logs or limits by default stays so, but for the rate limits of tokens.
"""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode

import orjson

from make_emulator.app import API_PREFIX, create_app

from ..large_world import HEADERS
from ..load import BATCH, COUNTER, Exchange, request_bytes
from ..processes import ServerProcess, free_port, start_emulator
from . import packages
from .packages import UnavailableError
from .work import (
    CREATE_PATH,
    CREATED,
    LIST_PATH,
    LIST_SIZE,
    ONE_PATH,
    RENAMED,
    SEED,
    Bodies,
    Operation,
    Work,
    creation_body,
)


class Peer(ABC):
    """A server that does the work.

    Args:
        bodies: the bodies of the emulator's responses.
    """

    #: Its name in reports.
    name: ClassVar[str]

    #: The package whose version is reported; empty for what is part of this repository.
    package: ClassVar[str] = ""

    #: In which way the work differs from that of the others, for the page.
    remark: ClassVar[str] = ""

    def __init__(self, bodies: Bodies) -> None:
        self.bodies = bodies

    @property
    def version(self) -> str:
        return packages.VERSIONS[self.package] if self.package else ""

    def install(self) -> None:  # noqa: B027
        """Install it, if it is not there already.

        Raises:
            UnavailableError: if it cannot be installed.
        """

    @abstractmethod
    def start(self, folder: Path) -> ServerProcess:
        """Start it, with files of its own in an empty folder."""

    @abstractmethod
    def first_request(self, server: ServerProcess) -> bytes:
        """A request that it answers as soon as it is ready."""

    @abstractmethod
    def prepare(self, server: ServerProcess) -> Work:
        """Create what is missing for the work; the requests of the work."""

    def _rest_work(self, root: str, create: bytes, query: str = "") -> Work:
        """The work of a server with resources at a URL."""
        return {
            Operation.GET: Exchange(request_bytes("GET", f"{root}/1", HEADERS), b'"Scenario 01"'),
            Operation.LIST: Exchange(request_bytes("GET", f"{root}{query}", HEADERS), b'"Scenario 05"'),
            Operation.UPDATE: Exchange(
                request_bytes("PATCH", f"{root}/2", HEADERS, orjson.dumps({"name": RENAMED})),
                orjson.dumps(RENAMED),
            ),
            Operation.CREATE: Exchange(request_bytes("POST", root, HEADERS, create), orjson.dumps(CREATED)),
        }


class Emulator(Peer):
    """The emulator of this repository, as ``make-emulator serve`` starts it."""

    name = "make-emulator"

    def start(self, folder: Path) -> ServerProcess:
        seed = folder / "seed.json"
        seed.write_bytes(orjson.dumps(SEED))
        return start_emulator("--seed", str(seed))

    def first_request(self, server: ServerProcess) -> bytes:
        return request_bytes("GET", _at(server, ONE_PATH), HEADERS)

    def prepare(self, server: ServerProcess) -> Work:
        root, query = _at(server, CREATE_PATH), LIST_PATH.removeprefix(CREATE_PATH)
        return self._rest_work(root, creation_body(), query)


class BareFlask(Peer):
    """Routes of Flask that do nothing but write ready dicts as JSON, on the emulator's own server class."""

    name = "bare Flask"
    remark = "stores nothing: a reference, no peer"

    def start(self, folder: Path) -> ServerProcess:
        file = folder / "bodies.json"
        file.write_bytes(orjson.dumps({"one": self.bodies.one, "many": self.bodies.many}))
        return ServerProcess("-m", "benchmarks.baseline", "--bodies", str(file))

    def first_request(self, server: ServerProcess) -> bytes:
        return request_bytes("GET", f"{server.url}/one", HEADERS)

    def prepare(self, server: ServerProcess) -> Work:
        created = orjson.dumps(self.bodies.created)
        changed = orjson.dumps({"scenario": {**self.bodies.one["scenario"], "name": RENAMED}})
        one, many = f"{server.url}/one", f"{server.url}/many"
        return {
            Operation.GET: Exchange(request_bytes("GET", one, HEADERS), b'"Scenario 01"'),
            Operation.LIST: Exchange(request_bytes("GET", many, HEADERS), b'"Scenario 05"'),
            Operation.UPDATE: Exchange(request_bytes("POST", one, HEADERS, changed), orjson.dumps(RENAMED)),
            Operation.CREATE: Exchange(request_bytes("POST", one, HEADERS, created), orjson.dumps(CREATED)),
        }


# --- general servers of resources and stubs ------------------------------------------------------


class JsonServer(Peer):
    """json-server: a REST server of the arrays of a JSON file."""

    name = "json-server"
    package = "json-server"
    remark = "writes its file at every change"

    def install(self) -> None:
        packages.install_node_package(self.package)

    def start(self, folder: Path) -> ServerProcess:
        (folder / "db.json").write_bytes(orjson.dumps({"scenarios": self.bodies.rows}))
        port = str(free_port())
        return _start_node(
            f"{self.package}/lib/cli/bin.js", "--quiet", "--host", "127.0.0.1", "--port", port, "db.json",
            port=port, folder=folder, package=self.package,
        )  # fmt: skip

    def first_request(self, server: ServerProcess) -> bytes:
        return request_bytes("GET", f"{server.url}/scenarios/1")

    def prepare(self, server: ServerProcess) -> Work:
        work = self._rest_work(f"{server.url}/scenarios", _new_row(self.bodies), f"?_limit={LIST_SIZE}")
        # Of concurrent changes of a row, the response to one may have the name that another gave.
        work[Operation.UPDATE] = Exchange(work[Operation.UPDATE].request, b'"Renamed ')
        return work


class Mockoon(Peer):
    """Mockoon's command line, with a route that creates, reads, updates and deletes the rows of a data bucket."""

    name = "Mockoon"
    package = "@mockoon/cli"

    def install(self) -> None:
        packages.install_node_package(self.package)

    def start(self, folder: Path) -> ServerProcess:
        (folder / "environment.json").write_bytes(orjson.dumps(_mockoon_environment(self.bodies)))
        port = str(free_port())
        return _start_node(
            f"{self.package}/bin/run.js", "start", "--data", "environment.json", "--port", port,
            "--hostname", "127.0.0.1", "--disable-log-to-file",
            port=port, folder=folder, package=self.package,
        )  # fmt: skip

    def first_request(self, server: ServerProcess) -> bytes:
        return request_bytes("GET", f"{server.url}/scenarios/1")

    def prepare(self, server: ServerProcess) -> Work:
        root = f"{server.url}/scenarios"
        return self._rest_work(root, _new_row(self.bodies), f"?page=1&limit={LIST_SIZE}")


def _mockoon_environment(bodies: Bodies) -> dict[str, Any]:
    response = {
        "uuid": "00000000-0000-4000-8000-000000000002",
        "body": "{}",
        "latency": 0,
        "statusCode": 200,
        "label": "",
        "headers": [],
        "bodyType": "DATABUCKET",
        "filePath": "",
        "databucketID": "rows",
        "sendFileAsBody": False,
        "rules": [],
        "rulesOperator": "OR",
        "disableTemplating": True,
        "fallbackTo404": False,
        "default": True,
        "crudKey": "id",
        "callbacks": [],
    }
    route = {
        "uuid": "00000000-0000-4000-8000-000000000001",
        "type": "crud",
        "documentation": "",
        "method": "",
        "endpoint": "scenarios",
        "responses": [response],
        "responseMode": None,
        "streamingMode": None,
        "streamingInterval": 0,
    }
    bucket = {
        "uuid": "00000000-0000-4000-8000-000000000003",
        "id": "rows",
        "name": "Scenarios",
        "documentation": "",
        "value": orjson.dumps(bodies.rows).decode(),
    }
    return {
        "uuid": "00000000-0000-4000-8000-000000000000",
        "lastMigration": 33,
        "name": "Scenarios",
        "endpointPrefix": "",
        "latency": 0,
        "port": 3000,
        "hostname": "127.0.0.1",
        "folders": [],
        "routes": [route],
        "rootChildren": [{"type": "route", "uuid": route["uuid"]}],
        "proxyMode": False,
        "proxyHost": "",
        "proxyRemovePrefix": False,
        "tlsOptions": {
            "enabled": False,
            "type": "CERT",
            "pfxPath": "",
            "certPath": "",
            "keyPath": "",
            "caPath": "",
            "passphrase": "",
        },
        "cors": True,
        "headers": [{"key": "Content-Type", "value": "application/json"}],
        "proxyReqHeaders": [],
        "proxyResHeaders": [],
        "data": [bucket],
        "callbacks": [],
    }


class WireMock(Peer):
    """WireMock, with stubs whose responses are templates."""

    name = "WireMock"
    package = "wiremock"
    remark = "stores nothing: stubs with templates; logs every request, without a bound"

    def install(self) -> None:
        if shutil.which("java") is None:
            raise UnavailableError("there is no Java")
        packages.install_node_package(self.package)

    def start(self, folder: Path) -> ServerProcess:
        (folder / "mappings").mkdir()
        stubs = {"mappings": list(_wiremock_stubs(self.bodies))}
        (folder / "mappings" / "scenarios.json").write_bytes(orjson.dumps(stubs))
        [jar] = packages.install_node_package(self.package).glob("build/*.jar")
        port, java = str(free_port()), shutil.which("java")
        assert java is not None
        options = [
            "--bind-address",
            "127.0.0.1",
            "--port",
            port,
            "--root-dir",
            str(folder),
            "--disable-banner",
        ]
        url = f"http://127.0.0.1:{port}"
        return ServerProcess("-jar", str(jar), *options, url=url, program=java, cwd=folder)

    def first_request(self, server: ServerProcess) -> bytes:
        return request_bytes("GET", f"{server.url}/scenarios/1")

    def prepare(self, server: ServerProcess) -> Work:
        return self._rest_work(f"{server.url}/scenarios", _new_row(self.bodies), f"?limit={LIST_SIZE}")


def _wiremock_stubs(bodies: Bodies) -> list[dict[str, Any]]:
    name = "{{jsonPath request.body '$.name'}}"
    renamed = {"scenario": {**bodies.one["scenario"], "name": name}}
    created = {"scenario": {**bodies.created["scenario"], "name": name, "id": "{{randomInt lower=11}}"}}
    responses = [
        ("GET", "/scenarios/1", bodies.one, False),
        ("GET", "/scenarios", bodies.many, False),
        ("PATCH", "/scenarios/2", renamed, True),
        ("POST", "/scenarios", created, True),
    ]
    return [
        {
            "request": {"method": method, "urlPath": path},
            "response": {
                "status": 200,
                "headers": {"Content-Type": "application/json"},
                "body": orjson.dumps(body).decode(),
                "transformers": ["response-template"] if is_template else [],
            },
        }
        for method, path, body, is_template in responses
    ]


class Prism(Peer):
    """Prism, on the emulator's own OpenAPI document with the emulator's responses as examples."""

    name = "Prism"
    package = "@stoplight/prism-cli"
    remark = "stores nothing: validates requests, and returns the examples of the OpenAPI document"

    def install(self) -> None:
        packages.install_node_package(self.package)

    def start(self, folder: Path) -> ServerProcess:
        (folder / "openapi.json").write_bytes(orjson.dumps(_document_with_examples(self.bodies)))
        port = str(free_port())
        return _start_node(
            f"{self.package}/dist/index.js", "mock", "--host", "127.0.0.1", "--port", port, "openapi.json",
            port=port, folder=folder, package=self.package,
        )  # fmt: skip

    def first_request(self, server: ServerProcess) -> bytes:
        return request_bytes("GET", f"{server.url}/scenarios/1", HEADERS)

    def prepare(self, server: ServerProcess) -> Work:
        query = LIST_PATH.removeprefix(CREATE_PATH)
        work = self._rest_work(f"{server.url}/scenarios", creation_body(), query)
        # Whatever it is given, it returns the examples.
        for operation, name in ((Operation.UPDATE, "Scenario 01"), (Operation.CREATE, "Created")):
            work[operation] = Exchange(work[operation].request, name.encode())
        return work


def _document_with_examples(bodies: Bodies) -> dict[str, Any]:
    client = create_app(seed=SEED).test_client()
    document: dict[str, Any] = orjson.loads(client.get("/_emulator/openapi.json").data)
    examples = [
        ("/scenarios/{scenarioId}", "get", bodies.one),
        ("/scenarios", "get", bodies.many),
        ("/scenarios/{scenarioId}", "patch", bodies.one),
        ("/scenarios", "post", bodies.created),
    ]
    for path, method, example in examples:
        operation = document["paths"].get(path) or document["paths"][f"{API_PREFIX}{path}"]
        content = operation[method]["responses"]["200"]["content"]["application/json"]
        content["example"] = example
    return document


# --- emulators of other APIs ---------------------------------------------------------------------

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class _Stripe(Peer):
    """An emulator of Stripe, whose customers are the resource."""

    #: The header of its requests.
    authorization: ClassVar[str]

    def first_request(self, server: ServerProcess) -> bytes:
        return request_bytes("GET", f"{server.url}/v1/customers?limit=1", self._headers)

    def prepare(self, server: ServerProcess) -> Work:
        root = f"{server.url}/v1/customers"
        bare = self._create(server, "Scenario 00", "")
        filling = "x" * max(0, self.bodies.size - len(orjson.dumps(bare)))
        id, other_id, *_ = [
            self._create(server, f"Scenario {number:02}", filling)["id"] for number in range(1, LIST_SIZE + 1)
        ]
        return {
            Operation.GET: Exchange(request_bytes("GET", f"{root}/{id}", self._headers), b'"Scenario 01"'),
            Operation.LIST: Exchange(
                request_bytes("GET", f"{root}?limit={LIST_SIZE}", self._headers), b'"Scenario 05"'
            ),
            Operation.UPDATE: Exchange(
                request_bytes("POST", f"{root}/{other_id}", self._form_headers, _form(name=RENAMED)),
                orjson.dumps(RENAMED),
            ),
            Operation.CREATE: Exchange(
                request_bytes("POST", root, self._form_headers, _form(name=CREATED, description=filling)),
                orjson.dumps(CREATED),
            ),
        }

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": self.authorization}

    @property
    def _form_headers(self) -> dict[str, str]:
        return {**self._headers, **_FORM}

    def _create(self, server: ServerProcess, name: str, description: str) -> dict[str, Any]:
        body = _form(name=name, description=description)
        request = request_bytes("POST", f"{server.url}/v1/customers", self._form_headers, body)
        customer: dict[str, Any] = orjson.loads(body_of(server.exchange(request)))
        return customer


class Emulate(_Stripe):
    """emulate: its service of Stripe."""

    name = "emulate"
    package = "emulate"
    remark = "its Stripe service; a new token every 4,000 requests, below its limit of 5,000 an hour"
    authorization = f"Bearer sk_test_{BATCH.decode()}"

    def install(self) -> None:
        packages.install_node_package(self.package)

    def start(self, folder: Path) -> ServerProcess:
        port = str(free_port())
        return _start_node(
            f"{self.package}/dist/index.js", "start", "--service", "stripe", "--port", port,
            port=port, folder=folder, package=self.package,
        )  # fmt: skip


class LocalStripe(_Stripe):
    """localstripe, an emulator of Stripe on aiohttp."""

    name = "localstripe"
    package = "localstripe"
    remark = "writes its whole state to a file at every creation"
    authorization = "Bearer sk_test_12345"

    def install(self) -> None:
        packages.install_python_package(self.package)

    def start(self, folder: Path) -> ServerProcess:
        python, port = packages.install_python_package(self.package), str(free_port())
        options = ["--from-scratch", "--port", port]
        url = f"http://127.0.0.1:{port}"
        return ServerProcess("-m", "localstripe", *options, url=url, program=str(python), cwd=folder)


class Moto(Peer):
    """The server of moto, with parameters of the AWS Systems Manager as the resource."""

    name = "moto server"
    package = "moto"
    remark = "parameters of its SSM service"

    def install(self) -> None:
        packages.install_python_package(self.package, "server")

    def start(self, folder: Path) -> ServerProcess:
        python, port = packages.install_python_package(self.package, "server"), str(free_port())
        options = ["-m", "moto.server", "--host", "127.0.0.1", "--port", port]
        return ServerProcess(*options, url=f"http://127.0.0.1:{port}", program=str(python), cwd=folder)

    def first_request(self, server: ServerProcess) -> bytes:
        return self._call(server, "DescribeParameters", {})

    def prepare(self, server: ServerProcess) -> Work:
        value = "x" * self.bodies.size
        self._put(server, "/scenarios/00", value)
        get = self._call(server, "GetParameter", {"Name": "/scenarios/00"})
        value = "x" * max(1, 2 * self.bodies.size - len(body_of(server.exchange(get))))
        for number in range(1, LIST_SIZE + 1):
            self._put(server, f"/list/{number:02}", f"Scenario {number:02} {value}")
        listed = {"Path": "/list", "MaxResults": LIST_SIZE}
        changed = {"Name": "/list/02", "Value": f"{RENAMED} {value}", "Type": "String", "Overwrite": True}
        created = {"Name": f"/new/{COUNTER.decode()}", "Value": value, "Type": "String"}
        return {
            Operation.GET: Exchange(
                self._call(server, "GetParameter", {"Name": "/list/01"}), b'"Scenario 01'
            ),
            Operation.LIST: Exchange(self._call(server, "GetParametersByPath", listed), b'"Scenario 05'),
            # Its responses to changes are the number of the version.
            Operation.UPDATE: Exchange(self._call(server, "PutParameter", changed), b'"Version"'),
            Operation.CREATE: Exchange(
                # In a region of their own, so that the list does not search them.
                self._call(server, "PutParameter", created, "eu-west-1"),
                b'"Version": 1',
            ),
        }

    def _put(self, server: ServerProcess, name: str, value: str) -> None:
        server.exchange(self._call(server, "PutParameter", {"Name": name, "Value": value, "Type": "String"}))

    @staticmethod
    def _call(
        server: ServerProcess, action: str, arguments: dict[str, Any], region: str = "us-east-1"
    ) -> bytes:
        credential = f"Credential=AKIAIOSFODNN7EXAMPLE/20260101/{region}/ssm/aws4_request"
        headers = {
            "Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0",
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"AmazonSSM.{action}",
        }
        return request_bytes("POST", f"{server.url}/", headers, orjson.dumps(arguments))


#: In the order of reports.
PEERS: tuple[type[Peer], ...] = (
    Emulator,
    BareFlask,
    Emulate,
    JsonServer,
    LocalStripe,
    Mockoon,
    Moto,
    Prism,
    WireMock,
)


# --- helpers -------------------------------------------------------------------------------------


def body_of(response: bytes) -> bytes:
    """The body of a response as it came over the wire; a chunked one must be one chunk."""
    head, _, body = response.partition(b"\r\n\r\n")
    if b"\r\ntransfer-encoding: chunked" in head.lower():
        return b"".join(body.split(b"\r\n")[1:-3:2])
    return body


def _at(server: ServerProcess, path: str) -> str:
    """The URL of a path on the emulator's server, whose own URL has a path too."""
    return f"{server.url.removesuffix(API_PREFIX)}{path}"


def _form(**fields: str) -> bytes:
    return urlencode(fields, safe="<>").encode()


def _new_row(bodies: Bodies) -> bytes:
    """A scenario without an id, for a server that gives it one."""
    return orjson.dumps({name: value for name, value in bodies.created["scenario"].items() if name != "id"})


def _start_node(script: str, *arguments: str, port: str, folder: Path, package: str) -> ServerProcess:
    """Start a program of a package from npm, named by the path of its script in the folder of packages."""
    node, _ = packages.install_node()
    path = packages.install_node_package(package).parent
    root = path.parent if package.startswith("@") else path
    url = f"http://127.0.0.1:{port}"
    return ServerProcess(str(root / script), *arguments, url=url, program=str(node), cwd=folder)
