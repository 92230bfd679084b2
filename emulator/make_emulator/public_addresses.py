"""Addresses of hosts that scenarios may call: public ones, checked after the host name was resolved."""

from __future__ import annotations

import ipaddress
import socket

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: Prefixes of IPv6 whose last 32 bits are an IPv4 address: NAT64 (RFC 6052), and the deprecated compatible form.
_EMBEDDING_NETWORKS = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))


class PrivateAddressError(Exception):
    """Host that has no public address."""


def resolve(host: str, port: int | None) -> list[str]:
    """Returns the public addresses of a host, in the order of the resolver.

    Raises:
        socket.gaierror: if the host is unknown.
        PrivateAddressError: if it has only others.
    """
    name = host.strip("[]")
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    public = [address for address in addresses if is_public(address)]
    if not public:
        address = addresses[0]
        found_as = (
            "is not a public address"
            if address == name
            else f"has the address {address}, which is not public"
        )
        raise PrivateAddressError(f"{name} {found_as}: allow it with --allow-private-network.")
    return public


def is_public(address: str) -> bool:
    """Returns true for a global unicast address, also for one that stands in an IPv6 address."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return all(each.is_global and not each.is_multicast and not each.is_reserved for each in _embedded(ip))


def _embedded(ip: _Address) -> list[_Address]:
    """Returns the IPv4 addresses to which an IPv6 address leads, or else the address itself."""
    if isinstance(ip, ipaddress.IPv4Address):
        return [ip]
    if ip.ipv4_mapped is not None:
        return [ip.ipv4_mapped]
    if ip.sixtofour is not None:
        return [ip, ip.sixtofour]
    if ip.teredo is not None:
        return [ip, *ip.teredo]
    if any(ip in network for network in _EMBEDDING_NETWORKS):
        return [ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)]
    return [ip]
