"""The names of Make's zones."""

from __future__ import annotations

import pytest

from make_emulator.world.zones import zone_host, zone_of_host


@pytest.mark.parametrize(
    ("host", "zone"),
    [
        ("eu1.make.com", "eu1.make.com"),
        ("us2.make.com:443", "us2.make.com"),
        ("EU1.Make.com", "eu1.make.com"),
        ("eu1.make.com.", "eu1.make.com"),
        ("us1.make.celonis.com", "us1.make.celonis.com"),
        ("hook.eu2.make.com", "eu2.make.com"),
    ],
)
def test_the_zones_of_make_and_the_hosts_of_their_hooks_are_known(host: str, zone: str) -> None:
    assert zone_of_host(host) == zone


@pytest.mark.parametrize(
    "host",
    ["make.com", "www.make.com", "eu1.make.com.example.com", "xeu1.make.com", "127.0.0.1", "localhost", ""],
)
def test_other_hosts_are_none_of_them(host: str) -> None:
    assert zone_of_host(host) is None


@pytest.mark.parametrize(
    ("zone", "host"),
    [("eu1", "eu1.make.com"), ("us2.make.com", "us2.make.com"), ("make.example.org", "make.example.org")],
)
def test_a_zone_has_a_host(zone: str, host: str) -> None:
    assert zone_host(zone) == host


@pytest.mark.parametrize("zone", ["", "zz", "EU1", "eu1/", "eu1.", "eu1.make.com:443"])
def test_what_is_no_zone_is_rejected(zone: str) -> None:
    with pytest.raises(ValueError, match="there is no zone"):
        zone_host(zone)
