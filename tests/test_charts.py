"""The Helm chart and the manifests of the documentation: they are valid, restricted, and name only options that there are."""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from make_emulator.cli.serve import serve
from make_emulator.version import __version__

CHART = Path(__file__).parent.parent / "charts/make-emulator"
PAGE = Path(__file__).parent.parent / "docs/how-to/fleet.md"


@pytest.fixture(scope="module")
def helm() -> Any:
    """The engine of Helm as a library, which is there for Linux and macOS."""
    if sys.platform == "win32":
        pytest.skip("the library is not built for Windows")
    import helm_python

    return helm_python


def _render(helm: Any, values: dict[str, Any] | None = None, name: str = "ci") -> list[dict[str, Any]]:
    with helm.Chart.load(str(CHART)) as chart:
        chart.validate_schema(values or {})
        manifests = chart.render(values=values or {}, name=name, namespace="tests")
    return [
        document
        for path, text in sorted(manifests.items())
        if path.endswith(".yaml")
        for document in yaml.safe_load_all(text)
        if document
    ]


def _by_kind(documents: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [document for document in documents if document["kind"] == kind]


def _pod(documents: list[dict[str, Any]]) -> dict[str, Any]:
    pod: dict[str, Any] = _by_kind(documents, "StatefulSet")[0]["spec"]["template"]["spec"]
    return pod


def _environment(container: dict[str, Any]) -> dict[str, Any]:
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in container["env"]}


@pytest.mark.parametrize(
    "values", [{}, {"workers": 3, "persistence": {"enabled": True}, "initFiles": {"acme.yaml": "x"}}]
)
def test_helm_finds_nothing_in_the_chart_but_that_it_has_no_icon(helm: Any, values: dict[str, Any]) -> None:
    report = helm.lint(str(CHART), values, strict=True)
    assert report["errors"] == []
    assert [message["error"] for message in report["messages"]] == ["icon is recommended"]


def test_the_chart_has_the_version_of_the_application() -> None:
    assert yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"] == __version__


@pytest.mark.parametrize(
    "values",
    [
        {"workers": 0},
        {"workers": "2"},
        {"worker": 2},
        {"env": {"lower": "x"}},
        {"image": {"tag": 1}},
        {"initFiles": {"script.sh": "x"}},
        {"initFiles": {"a/b.yaml": "x"}},
    ],
)
def test_values_that_mean_nothing_are_rejected(helm: Any, values: dict[str, Any]) -> None:
    with pytest.raises(helm.HelmError):
        _render(helm, values)


@pytest.mark.parametrize("workers", [1, 4])
def test_the_container_may_do_nothing_that_it_does_not_need(helm: Any, workers: int) -> None:
    pod = _pod(_render(helm, {"workers": workers}))
    container = pod["containers"][0]
    assert pod["automountServiceAccountToken"] is pod["enableServiceLinks"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert (
        {"cpu", "memory"} == set(container["resources"]["limits"]) == set(container["resources"]["requests"])
    )
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"] == {"path": "/_emulator/health", "port": "http"}


def test_workers_know_their_number_and_the_names_of_the_others(helm: Any) -> None:
    documents = _render(helm, {"workers": 4})
    stateful = _by_kind(documents, "StatefulSet")[0]
    environment = _environment(stateful["spec"]["template"]["spec"]["containers"][0])
    name, service = stateful["metadata"]["name"], stateful["spec"]["serviceName"]
    assert stateful["spec"]["replicas"] == int(environment["MAKE_EMULATOR_WORKERS"]) == 4
    assert environment["MAKE_EMULATOR_WORKER_INDEX"] == {"fieldRef": {"fieldPath": "metadata.name"}}
    assert environment["MAKE_EMULATOR_WORKER_URL"] == f"http://{name}-{{index}}.{service}:4747"
    clients, workers = _by_kind(documents, "Service")
    assert (clients["metadata"]["name"], workers["metadata"]["name"]) == (name, service)
    assert workers["spec"]["clusterIP"] == "None"
    assert workers["spec"]["publishNotReadyAddresses"] is True
    labels = stateful["spec"]["template"]["metadata"]["labels"]
    assert clients["spec"]["selector"] == workers["spec"]["selector"] == labels
    assert name in environment["MAKE_EMULATOR_ALLOWED_HOST"].split()


def test_one_worker_is_a_server_like_any_other(helm: Any) -> None:
    environment = _environment(_pod(_render(helm))["containers"][0])
    assert not [name for name in environment if "WORKER" in name]


def test_the_control_key_is_in_a_secret(helm: Any) -> None:
    (secret,) = _by_kind(_render(helm, {"controlKey": {"value": "k"}}), "Secret")
    assert base64.b64decode(secret["data"]["control-key"]) == b"k"
    (random,) = _by_kind(_render(helm), "Secret")
    assert len(base64.b64decode(random["data"]["control-key"])) == 40
    documents = _render(helm, {"controlKey": {"existingSecret": "own"}})
    assert not _by_kind(documents, "Secret")
    key = _environment(_pod(documents)["containers"][0])["MAKE_EMULATOR_CONTROL_KEY"]
    assert key == {"secretKeyRef": {"name": "own", "key": "control-key"}}


def test_files_to_start_with_are_mounted_where_the_server_looks_for_them(helm: Any) -> None:
    files = {"acme.yaml": "organizations: [{ name: Acme }]\n", "flow.json": '{"name": "x", "flow": []}'}
    documents = _render(helm, {"initFiles": files})
    (config_map,) = _by_kind(documents, "ConfigMap")
    assert config_map["data"] == files
    pod = _pod(documents)
    folder = _environment(pod["containers"][0])["MAKE_EMULATOR_INIT_DIR"]
    mounts = {mount["mountPath"]: mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert volumes[mounts[folder]]["configMap"]["name"] == config_map["metadata"]["name"]


def test_other_files_to_start_with_start_the_pods_again(helm: Any) -> None:
    def annotations(values: dict[str, Any]) -> Any:
        stateful = _by_kind(_render(helm, values), "StatefulSet")[0]
        return stateful["spec"]["template"]["metadata"].get("annotations")

    first, second = (annotations({"initFiles": {"a.yaml": text}}) for text in ("x: 1", "x: 2"))
    assert first != second
    assert annotations({}) is None
    assert annotations({"podAnnotations": {"team": "ops"}}) == {"team": "ops"}


def test_a_config_map_of_ones_own_takes_the_place_of_the_files(helm: Any) -> None:
    documents = _render(helm, {"initFiles": {"a.yaml": "x"}, "existingInitConfigMap": "ours"})
    assert not _by_kind(documents, "ConfigMap")
    volumes = {volume["name"]: volume for volume in _pod(documents)["volumes"]}
    assert volumes["init"]["configMap"] == {"name": "ours"}


def test_state_is_kept_in_a_volume_of_each_worker(helm: Any) -> None:
    documents = _render(helm, {"workers": 2, "persistence": {"enabled": True, "size": "2Gi"}})
    (claim,) = _by_kind(documents, "StatefulSet")[0]["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "2Gi"
    container = _pod(documents)["containers"][0]
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert Path(_environment(container)["MAKE_EMULATOR_STATE"]).parent == Path(mounts["state"])


def test_a_release_of_the_same_name_has_no_longer_names(helm: Any) -> None:
    documents = _render(helm, name="make-emulator")
    assert _by_kind(documents, "StatefulSet")[0]["metadata"]["name"] == "make-emulator"


def test_every_variable_is_that_of_an_option(helm: Any) -> None:
    values = {"workers": 2, "persistence": {"enabled": True}, "env": {"MAKE_EMULATOR_SEED": "agency"}}
    names = set(_environment(_pod(_render(helm, values))["containers"][0]))
    assert names <= _variables()
    assert "MAKE_EMULATOR_SEED" in names


def _variables() -> set[str]:
    return {
        variable
        for option in serve.params
        if isinstance(option, click.Option)
        for variable in ([option.envvar] if isinstance(option.envvar, str) else option.envvar or ())
    }


def _manifests() -> Iterator[dict[str, Any]]:
    blocks = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    for block in blocks:
        yield from yaml.safe_load_all(block)


def test_the_sidecar_of_the_documentation_is_restricted_and_ends_with_its_job() -> None:
    (job,) = [each for each in _manifests() if each.get("kind") == "Job"]
    pod = job["spec"]["template"]["spec"]
    (sidecar,) = pod["initContainers"]
    assert sidecar["restartPolicy"] == "Always"
    assert sidecar["securityContext"]["readOnlyRootFilesystem"] is True
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert sidecar["startupProbe"]["httpGet"]["path"] == "/_emulator/health"
    assert {each["name"] for each in sidecar.get("env", ())} <= _variables()
    assert (
        "127.0.0.1:4747"
        in {each["name"]: each["value"] for each in pod["containers"][0]["env"]}["MAKE_EMULATOR_URL"]
    )
