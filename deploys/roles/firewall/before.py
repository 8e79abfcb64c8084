"""What every host lets through before any rule of the data is asked: what networks themselves live on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WAYS = ("input", "output")


@dataclass(frozen=True)
class Group:
    """Rules that belong together, and why they are there."""

    reason: str
    rules: Sequence[tuple[str, str]]
    """Each the name of a chain and the rule."""


def before(family: int) -> Sequence[Group]:
    """
    The rules of one address family, in their order.

    Args:
        family: 4 or 6
    """
    prefix = "ufw" if family == 4 else "ufw6"
    into, out = f"{prefix}-before-input", f"{prefix}-before-output"
    loopback = Group("This host with itself.", [(into, "-i lo -j ACCEPT"), (out, "-o lo -j ACCEPT")])
    known = Group(
        "What belongs to a connection that was let through, ICMP errors about it included.",
        [
            (into, "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"),
            (out, "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"),
            (into, f"-m conntrack --ctstate INVALID -j {prefix}-logging-deny"),
            (into, "-m conntrack --ctstate INVALID -j DROP"),
        ],
    )
    if family == 4:
        return (loopback, known, *_ipv4(into, out))
    return (loopback, _routing_header(into, out), known, *_ipv6(into, out))


def _ipv4(into: str, out: str) -> Sequence[Group]:
    local = "ufw-not-local"
    return (
        Group(
            "Destination unreachable (with it path MTU discovery), time exceeded, parameter problem, echo.",
            [
                *((into, f"-p icmp -m icmp --icmp-type {kind} -j ACCEPT") for kind in (3, 11, 12, 8)),
                (out, "-p icmp -m icmp --icmp-type 8 -j ACCEPT"),
            ],
        ),
        Group(
            "Answers of a DHCP server come to an address that the host does not have yet.",
            [(into, "-p udp -m udp --sport 67 --dport 68 -j ACCEPT")],
        ),
        Group(
            "What is neither for this host nor for a group that it is in.",
            [
                (into, f"-j {local}"),
                *((local, f"-m addrtype --dst-type {kind} -j RETURN") for kind in ("LOCAL", "MULTICAST", "BROADCAST")),
                (local, "-m limit --limit 3/min --limit-burst 10 -j ufw-logging-deny"),
                (local, "-j DROP"),
            ],
        ),
    )


def _routing_header(into: str, out: str) -> Group:
    return Group(
        "Source routes by routing header 0 are forbidden (RFC 5095).",
        [(into, "-m rt --rt-type 0 -j DROP"), (out, "-m rt --rt-type 0 -j DROP")],
    )


def _ipv6(into: str, out: str) -> Sequence[Group]:
    both = {"input": into, "output": out}
    return (
        Group(
            'Errors, of which "packet too big" (2) is what path MTU discovery lives on, and echo (RFC 4890).',
            [
                (both[way], f"-p ipv6-icmp -m icmp6 --icmpv6-type {kind} -j ACCEPT")
                for way in WAYS
                for kind in (1, 2, 3, 4, 128, 129)
            ],
        ),
        Group(
            "Routers and neighbours: without them a host finds no other, in or out. They are never forwarded, so they "
            "come with the highest hop limit.",
            [
                (both[way], f"-p ipv6-icmp -m icmp6 --icmpv6-type {kind} -m hl --hl-eq 255 -j ACCEPT")
                for way in WAYS
                for kind in (133, 134, 135, 136)
            ],
        ),
        Group(
            "Who listens to which group (RFC 2710, RFC 3810): switches forward solicitations by it. A host reports "
            "before it has an address too.",
            [
                (both[way], f"-s fe80::/10 -p ipv6-icmp -m icmp6 --icmpv6-type {kind} -j ACCEPT")
                for kind in (130, 131, 132, 143)
                for way in WAYS
            ],
        ),
        Group(
            "Answers of a DHCP server.",
            [(into, "-s fe80::/10 -d fe80::/10 -p udp -m udp --sport 547 --dport 546 -j ACCEPT")],
        ),
    )
