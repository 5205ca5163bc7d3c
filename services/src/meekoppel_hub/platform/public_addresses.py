"""Which IP addresses lie on the public internet: the only ones to which a webhook may go.

Python's own `ipaddress.is_global` is not enough: in 3.11 it calls NAT64 and 6to4 forms of 127.0.0.1 global. For IPv6
we therefore accept only what IANA has given out as global unicast (2000::/3), without the tunnels in it.
Sources: the IANA special-purpose address registries (RFC 6890 and its updates), RFC 6598, RFC 3879.
"""

from __future__ import annotations

import ipaddress
import socket

_REFUSED_V4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; also metadata of one cloud
        "127.0.0.0/8",
        "168.63.129.16/32",  # platform address inside Azure
        "169.254.0.0/16",  # link-local; metadata of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_REFUSED_V6 = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarking
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "3fff::/20",
    )
)
_ISATAP = (0x00005EFE, 0x02005EFE)


def is_public_address(address: str) -> bool:
    """Tell whether a literal IPv4 or IPv6 address is on the public internet; anything unreadable is not."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv4Address):
        return _is_public_v4(parsed)
    if parsed.ipv4_mapped is not None:
        return _is_public_v4(parsed.ipv4_mapped)
    return _is_public_v6(parsed)


def is_address_literal(host: str) -> bool:
    """Tell whether a host is an address rather than a name, in any form that a system library would accept.

    Besides the usual forms these are 2130706433, 0x7f.1, 0177.0.0.1 and 127.1: all of them 127.0.0.1.
    """
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return _is_old_numeric_form(host)
    return True


def _is_old_numeric_form(host: str) -> bool:
    try:
        socket.inet_aton(host)
    except (OSError, UnicodeError):
        return False
    return True


def _is_public_v4(address: ipaddress.IPv4Address) -> bool:
    return not any(address in network for network in _REFUSED_V4)


def _is_public_v6(address: ipaddress.IPv6Address) -> bool:
    if address.scope_id is not None or address not in _GLOBAL_V6:
        return False
    if (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
        return False
    return not any(address in network for network in _REFUSED_V6)
