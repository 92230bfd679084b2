"""TLS with certificates that last as long as the server: a throwaway authority, and how cheroot speaks it.

A connection shakes hands in the thread that answers it, not in the one that accepts: a client that connects and then
says nothing keeps nobody waiting.
"""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import ssl
import tempfile
from pathlib import Path
from typing import Any

from cheroot.makefile import MakeFile
from cheroot.server import HTTPConnection
from cheroot.ssl import Adapter

#: The environment variables by which common clients learn of an authority: requests and what is built on it; httpx,
#: urllib and all that OpenSSL verifies for; Node; curl.
CA_BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE")

#: How long a client may take to shake hands, in seconds.
HANDSHAKE_TIMEOUT = 5

#: More than one record of TLS: what was decrypted never lies unseen behind the buffer of a connection.
_BUFFER_SIZE = 32_768

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


class EphemeralCA:
    """An authority that is made now and vouches for one server; its keys are never written anywhere.

    Args:
        host: the address that the server listens at; it is vouched for beside the names of this machine.
    """

    def __init__(self, host: str = "127.0.0.1") -> None:
        # Few serve TLS, and what makes certificates takes a while to import.
        import trustme

        authority = trustme.CA(organization_name="make-emulator", organization_unit_name="throwaway")
        names = dict.fromkeys(["localhost", "127.0.0.1", "::1", host.strip("[]")])
        #: What the server shows its certificate with.
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_alpn_protocols(["http/1.1"])
        authority.issue_cert(*names).configure_cert(self.context)
        self._pem: bytes = authority.cert_pem.bytes()
        self._directory: Path | None = None

    def write(self, ca_file: str | None = None) -> Path:
        """Write the authority's certificate for clients, by default into a directory that `remove` removes.

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
        """Remove what was written, unless its place was chosen by the caller."""
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None


def shell_exports(ca_file: Path) -> list[str]:
    """Lines for a shell that make common clients trust an authority."""
    if os.name == "nt":
        return [f"set {name}={ca_file}" for name in CA_BUNDLE_VARIABLES]
    return [f"export {name}={shlex.quote(str(ca_file))}" for name in CA_BUNDLE_VARIABLES]


class TlsAdapter(Adapter):
    """Wraps what cheroot accepts, and leaves the handshake to the connection."""

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
        return MakeFile(sock, mode, bufsize)


class TlsConnection(HTTPConnection):
    """A connection that shakes hands before its first request."""

    rbufsize = _BUFFER_SIZE

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
        answered: bool = super().communicate()  # type: ignore[no-untyped-call]
        return answered

    def _send_plain_http_response(self) -> None:
        """Tell a client that speaks plain HTTP; past the `ssl` module, which would encrypt it."""
        try:
            socket.socket.sendall(self.socket, _PLAIN_HTTP_RESPONSE)
            socket.socket.shutdown(self.socket, socket.SHUT_WR)
            # What lies unread when a connection is closed makes it a reset, and the answer may be lost.
            socket.socket.recv(self.socket, 65_536)
        except OSError:
            pass
