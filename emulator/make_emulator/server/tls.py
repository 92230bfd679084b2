"""TLS for the embedded server, with an ephemeral CA.

The handshake takes place in the worker thread of a connection, not in the accepting one, so that a silent client delays
no other.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import ssl
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from cheroot.makefile import MakeFile
from cheroot.server import HTTPConnection
from cheroot.ssl import Adapter

from ..http.host_names import host_name, is_address
from .socket_stream import TlsReader

#: The environment variables that name a CA file for common clients: requests and libraries on top of it; httpx, urllib
#: and others that use OpenSSL; Node; curl.
CA_BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE")

#: The timeout of a handshake, in seconds.
HANDSHAKE_TIMEOUT = 5

_HTTPS_ONLY_MESSAGE = b"This port speaks HTTPS only: call it with https://.\n"

_PLAIN_HTTP_RESPONSE = b"\r\n".join(
    [
        b"HTTP/1.1 400 Bad Request",
        b"Content-Type: text/plain; charset=utf-8",
        b"Content-Length: %d" % len(_HTTPS_ONLY_MESSAGE),
        b"Connection: close",
        b"",
        _HTTPS_ONLY_MESSAGE,
    ]
)


#: A host name as certificates have it: labels of letters, digits and inner hyphens (RFC 5890).
_HOST_NAME = re.compile(r"(?=.{1,253}\Z)(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))*")

_MAKE_HOSTS = ("*.make.com", "*.make.celonis.com")


class EphemeralCA:
    """Certificate authority of one server, generated on creation; its keys are never written to a file.

    Args:
        host: the address that the server listens on; the certificate covers it, the names of this machine, and the hosts of
            Make, for clients that resolve those to it.
        names: further host names that it covers; ``.example.com`` stands for a domain with its subdomains.
        optional_names: further ones that are left out if no certificate can say them, such as ``*`` and ``my_service``.

    Raises:
        ValueError: if no certificate can say one of the names.
    """

    def __init__(
        self, host: str = "127.0.0.1", names: Iterable[str] = (), optional_names: Iterable[str] = ()
    ) -> None:
        # Imported on use: cryptography is heavy, and few servers use TLS.
        import trustme

        authority = trustme.CA(organization_name="make-emulator", organization_unit_name="ephemeral")
        identities = ["localhost", "127.0.0.1", "::1", *_MAKE_HOSTS]
        for name in names:
            identities += _identities(name)
        for name in (host, socket.gethostname(), *optional_names):
            with suppress(ValueError):
                identities += _identities(name)
        #: The TLS context with the server's certificate.
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_alpn_protocols(["http/1.1"])
        authority.issue_cert(*dict.fromkeys(identities)).configure_cert(self.context)
        self._pem: bytes = authority.cert_pem.bytes()
        self._directory: Path | None = None

    def write(self, ca_file: str | None = None) -> Path:
        """Writes the CA certificate for clients, by default into a directory that `remove` removes.

        Raises:
            OSError: if it cannot be written.
        """
        if ca_file is None:
            self._directory = Path(tempfile.mkdtemp(prefix="make-emulator-"))
            path = self._directory / "ca.pem"
        else:
            path = Path(ca_file).absolute()
        path.write_bytes(self._pem)
        return path

    def remove(self) -> None:
        """Removes the written file, unless the caller chose its path."""
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None


def _identities(name: str) -> list[str]:
    """Returns what a certificate says for a name, or for a domain: a wildcard does not cover the domain itself.

    Raises:
        ValueError: if it can say none, since it is not an address, nor made of letters, digits and hyphens.
    """
    bare = host_name(name.strip().removeprefix("*").removeprefix("."))
    if not is_address(bare):
        try:
            encoded = bare.encode("idna").decode("ascii")
        except UnicodeError:
            encoded = ""
        if not _HOST_NAME.fullmatch(encoded):
            raise ValueError(
                f"a certificate cannot name {name!r}: it is not a host name, such as make or .example.com"
            )
    is_domain = name.strip().startswith((".", "*."))
    return [bare, f"*.{bare}"] if is_domain else [bare]


def shell_exports(ca_file: Path) -> list[str]:
    """Returns shell lines that make common clients trust a CA file."""
    if os.name == "nt":
        return [f"set {name}={ca_file}" for name in CA_BUNDLE_VARIABLES]
    return [f"export {name}={shlex.quote(str(ca_file))}" for name in CA_BUNDLE_VARIABLES]


class TlsAdapter(Adapter):
    """Adapter that wraps accepted sockets and leaves the handshake to the connection."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context

    def bind(self, sock: socket.socket) -> socket.socket:
        return sock

    def wrap(self, sock: socket.socket) -> tuple[ssl.SSLSocket, dict[str, Any]]:
        wrapped = self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return wrapped, self.get_environ()

    def get_environ(self) -> dict[str, Any]:
        return {"wsgi.url_scheme": "https", "HTTPS": "on"}

    def makefile(self, sock: socket.socket, mode: str = "r", bufsize: int = -1) -> Any:
        return TlsReader(sock) if "r" in mode else MakeFile(sock, mode, bufsize)


class TlsConnection(HTTPConnection):
    """Connection with a handshake before its first request."""

    _handshake_done = False

    def communicate(self) -> bool:
        if not self._handshake_done:
            self.socket.settimeout(HANDSHAKE_TIMEOUT)
            try:
                self.socket.do_handshake()
            except OSError as error:
                if "http request" in str(error).lower():
                    self._send_plain_http_response()
                return False
            self.socket.settimeout(self.server.timeout)
            self._handshake_done = True
        keeps_open: bool = super().communicate()  # type: ignore[no-untyped-call]
        return keeps_open

    def _send_plain_http_response(self) -> None:
        """Sends an error to a client that speaks plain HTTP, bypassing the `ssl` module, which would encrypt it."""
        try:
            socket.socket.sendall(self.socket, _PLAIN_HTTP_RESPONSE)
            socket.socket.shutdown(self.socket, socket.SHUT_WR)
            # Unread data turn the close of a connection into a reset, which may lose the response.
            socket.socket.recv(self.socket, 65_536)
        except OSError:
            pass
