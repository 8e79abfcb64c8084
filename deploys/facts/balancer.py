"""Where a load balancer finds, for each request, to which gateways it sends it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pyinfra.api import FactBase

DRAINED = "/run/tracseq-balancer/drained"
"""A gateway that has a file of its name here is sent nothing."""
CANARY = "/run/tracseq-balancer/canary"
"""A gateway that has a file of its name here is sent a small share."""

BLUE, GREEN = "blue", "green"
"""The gateways of which one per host gets the requests, where hosts have two."""
SWITCHED = "/var/lib/tracseq-balancer/green"
"""Where this file is, requests are sent to the green gateways; it outlives a boot."""
CONFIGURATION = "/etc/nginx/conf.d/tracseq.conf"
"""The file by which nginx knows of gateways, and of these files."""


class Sends(FactBase[str | None]):
    """To which gateways, BLUE or GREEN, a load balancer sends requests; None where it is none yet."""

    def command(self) -> str:
        return f"[ ! -e {CONFIGURATION} ] || if [ -e {SWITCHED} ]; then echo {GREEN}; else echo {BLUE}; fi"

    @staticmethod
    def default() -> str | None:
        return None

    def process(self, output: list[str]) -> str | None:
        return output[0].strip() if output else None


@dataclass(frozen=True)
class AsksState:
    """How a load balancer asks gateways."""

    encrypted: bool | None = None
    """Whether it does so over TLS; None: it asks none yet."""
    ports: frozenset[int] = frozenset()
    """Where."""


def asks() -> str:
    """Shell: how a load balancer asks gateways, and at which ports, in rows that begin with ``asks``."""
    # It may ask other load balancers, too: for proofs of the public name.
    scheme = f"grep -Eo -m 1 'proxy_pass https?://[$]?gateways' {CONFIGURATION}"
    ports = f"sed -n '/^upstream gateways/,/^}}/s/^ *server .*:\\([0-9]*\\) .*/\\1/p' {CONFIGURATION} | sort -u"
    return f"[ ! -e {CONFIGURATION} ] || {{ {scheme}; {ports}; }} | sed 's/^/asks\\t/'"


def asked(said: Iterable[str]) -> AsksState:
    """
    What these rows say.

    + said: each without the word that it begins with
    """
    words = tuple(said)
    schemes = [word for word in words if word.startswith("proxy_pass ")]
    return AsksState(
        schemes[0].startswith("proxy_pass https:") if schemes else None,
        frozenset(int(word) for word in words if word.isdecimal()),
    )


@dataclass(frozen=True)
class MarksState:
    """The gateways that get less than their share from a load balancer."""

    drained: tuple[str, ...] = ()
    canary: tuple[str, ...] = ()


class Marks(FactBase[MarksState]):
    """Which gateways a load balancer is told to leave out, or to send little to."""

    def command(self) -> str:
        return f"""
for mark in {DRAINED}/* {CANARY}/*; do
  [ ! -e "$mark" ] || echo "$mark"
done
"""

    @staticmethod
    def default() -> MarksState:
        return MarksState()

    def process(self, output: list[str]) -> MarksState:
        found = [line.rpartition("/") for line in output]
        return MarksState(
            drained=tuple(name for directory, _, name in found if directory == DRAINED),
            canary=tuple(name for directory, _, name in found if directory == CANARY),
        )


def marks(gateway: str) -> tuple[str, str]:
    """
    The files of a gateway; they are there only while a run changes it.

    + gateway: its name
    """
    return f"{DRAINED}/{gateway}", f"{CANARY}/{gateway}"
