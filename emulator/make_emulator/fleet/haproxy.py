"""Configuration of HAProxy in front of the workers of a fleet: the rules of `make_emulator.fleet.routing` in its language.

HAProxy sends a request where its world is. What it cannot see there (the form of a token request, the name of a world to be created) it
sends to any worker, which forwards it.
"""

from __future__ import annotations

from ..dashboard.consent import PATH as AUTHORIZE
from ..dashboard.consent import SLOT_PARAMETER
from ..world.slots import DEFAULT_NAME, DEFAULT_SLOT, MARK, SLOTS, worker_of
from .peers import RemoteDialer

#: Longest wait of the emulator for a run, and of a client for a stream, in minutes.
_TIMEOUT = "15m"

#: Condition -> the sample of the look-up key of a request, the strongest last.
_KEYS = (
    ("!{ path_beg /_emulator /.well-known/ /oidc/ /oauth/ }", "req.hdr(authorization),word(2,' ')"),
    ("{ path /oauth/v2/oidc/userinfo }", "req.hdr(authorization),word(2,' ')"),
    ("{ path_beg /mcp/u/ }", "path,field(4,/),url_dec"),
    ("{ path_beg /mcp/api/v1/u/ }", "path,field(6,/),url_dec"),
    ("{ path_reg ^/mcp/server/[^/]+/t/ }", "path,field(6,/),url_dec"),
    ("{ path_beg /hook/ }", "path,field(3,/),url_dec"),
    ("{ hdr_beg(host) -i hook. }", "path,field(2,/),url_dec"),
    (f"{{ path {AUTHORIZE} }}", "url_param(client_id),url_dec(1)"),
    (
        f"{{ path {AUTHORIZE} }} {{ url_param({SLOT_PARAMETER}) -m found }}",
        f"url_param({SLOT_PARAMETER}),url_dec(1)",
    ),
)

#: Condition -> the sample of the name of a world.
_NAMES = (
    ("{ path_beg /_emulator/worlds/ }", "path,field(4,/),url_dec"),
    (
        "{ path /_emulator/ /_emulator/execution /_emulator/checkpoints }",
        "url_param(world),url_dec(1)",
    ),
)

#: Requests that are for the default world if they name no other.
_OF_A_WORLD = (
    "!{ path_beg /_emulator /.well-known/ /oidc/ /oauth/ }",
    "{ path_beg /_emulator/worlds/ }",
    "{ path /_emulator/ /_emulator/execution /_emulator/checkpoints /_emulator/docs }",
    f"{{ path {AUTHORIZE} /oauth/v2/oidc/userinfo }}",
)


def configuration(workers: int, worker_url: str, listen: str) -> str:
    """Returns the text of the configuration.

    Args:
        workers: the number of workers.
        worker_url: the URL of a worker, in which ``{index}`` stands for its number.
        listen: the address to listen at, e.g. ``:4747``.

    Raises:
        ValueError: if the URL is none of a worker.
    """
    dialer = RemoteDialer(worker_url)
    return "\n".join(
        [
            f"# Load balancer of {workers} workers of make-emulator, for HAProxy 2.5 or newer.",
            "defaults",
            "    mode http",
            "    option http-keep-alive",
            "    option abortonclose",
            "    timeout connect 5s",
            "    timeout http-request 30s",
            *(
                f"    timeout {name} {_TIMEOUT}"
                for name in ("client", "server", "queue", "tunnel", "http-keep-alive")
            ),
            "    retries 10",
            "    retry-on conn-failure",
            "",
            "frontend make",
            f"    bind {listen}",
            "    # The key in the request, and the slot with which it begins; that of an access token is in its claims.",
            *(f"    http-request set-var(txn.key) {sample} if {condition}" for condition, sample in _KEYS),
            "    http-request set-var(txn.key) req.hdr(authorization),word(2,' '),jwt_payload_query('$.jti')"
            " if { var(txn.key) -m sub . }",
            *(
                f"    http-request set-var(txn.slot) int({DEFAULT_SLOT}) if {condition}"
                for condition in _OF_A_WORLD
            ),
            "    http-request set-var(txn.tag) var(txn.key),lower,bytes(0,8)",
            "    http-request set-var(txn.hex) var(txn.tag),bytes(0,3)",
            "    http-request set-var(txn.slot) str(0),concat(,txn.hex),hex2i"
            f" if {{ var(txn.tag) -m reg ^[0-9a-f]{{3}}{MARK}$ }}",
            "    # The name of a world, and its hash.",
            *(f"    http-request set-var(txn.name) {sample} if {condition}" for condition, sample in _NAMES),
            f"    http-request set-var(txn.slot) var(txn.name),crc32,mod({SLOTS})"
            f" if {{ var(txn.name) -m len gt 0 }} !{{ var(txn.name) -m str {DEFAULT_NAME} }}",
            f"    http-request set-var(txn.worker) var(txn.slot),mod({workers}) if {{ var(txn.slot) -m found }}",
            "    default_backend workers",
            "",
            "backend workers",
            "    balance roundrobin",
            "    option httpchk",
            "    http-check send meth GET uri /_emulator/health ver HTTP/1.1 hdr Host localhost",
            "    http-response set-header X-Worker %s",
            *(
                f"    use-server worker{index} if {{ var(txn.worker) -m int {index} }}"
                for index in range(workers)
            ),
            "    default-server check inter 1s fall 2 rise 1 init-addr last,libc,none",
            *(
                f"    server worker{index} {_address(dialer, index)}{' # default world' if index == worker_of(DEFAULT_SLOT, workers) else ''}"
                for index in range(workers)
            ),
            "",
        ]
    )


def _address(dialer: RemoteDialer, index: int) -> str:
    host, port = dialer.address(index)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
