"""Paths, methods and the shape of responses."""

from __future__ import annotations

import pytest

from make_emulator.contract.client import ContractClient


@pytest.mark.fidelity("routes.unknown")
def test_a_path_that_there_is_not_is_404(api: ContractClient) -> None:
    api.get("/contract-nothing").refused(404, "SC404")


@pytest.mark.fidelity("routes.case-sensitive")
@pytest.mark.parametrize("path", ["/Users/me", "/users/ME", "/users/me/"])
def test_a_path_is_spelled_in_one_way_only(path: str, api: ContractClient) -> None:
    api.get(path).refused(404)


@pytest.mark.fidelity("routes.method")
def test_a_path_that_takes_another_method_tells_which(api: ContractClient) -> None:
    answer = api.get("/scenarios/1/start")
    answer.refused(405, "SC405")
    assert answer.headers["Allow"] == "POST"


@pytest.mark.fidelity("query.unknown")
def test_a_query_parameter_that_nobody_knows_is_passed_over(api: ContractClient) -> None:
    assert api.get("/users/me", contract="nothing").fits() == api.get("/users/me").fits()


@pytest.mark.fidelity("errors.shape")
def test_a_refusal_has_three_texts_and_a_list_of_causes(api: ContractClient) -> None:
    body = api.get("/hooks", teamId="contract").refused(400, "SC400")
    assert body["detail"].startswith("Validation failed for ")
    assert body["message"] == "Bad Request"
    assert {name for suberror in body["suberrors"] for name in suberror} == {"message", "name"}
