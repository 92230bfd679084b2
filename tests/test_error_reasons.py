"""Reasons of failed system calls and connections."""

from __future__ import annotations

import http.client
import socket
from pathlib import Path

import pytest
import requests

from make_emulator.error_reasons import connection_error_reason, os_error_reason


def test_an_error_of_a_file_is_the_message_of_the_operating_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as missing:
        (tmp_path / "none").read_bytes()
    assert os_error_reason(missing.value) == "No such file or directory"
    assert os_error_reason(ValueError("embedded null byte")) == "embedded null byte"


def test_a_refused_connection_has_one_reason_whatever_client_was_used() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(requests.ConnectionError) as by_requests:
            requests.get(f"http://127.0.0.1:{port}/", timeout=30)
        with pytest.raises(ConnectionRefusedError) as by_socket:
            http.client.HTTPConnection("127.0.0.1", port, timeout=30).connect()
    assert connection_error_reason(by_requests.value) == "Connection refused"
    assert connection_error_reason(by_socket.value) == "Connection refused"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (socket.gaierror(-2, "Name or service not known"), "Name or service not known"),
        (OSError("No socket could be created -- (('::1', 1): [Errno 99] Cannot assign)"), "Cannot assign"),
        (TimeoutError("timed out"), "timed out"),
        (ConnectionResetError(), "ConnectionResetError"),
        (ConnectionError("several\nlines"), "several lines"),
        (
            requests.ConnectionError(ConnectionResetError(104, "Connection reset by peer")),
            "Connection reset by peer",
        ),
    ],
)
def test_the_innermost_reason_is_one_line(error: Exception, reason: str) -> None:
    assert connection_error_reason(error) == reason
