"""A rule of the firewall as people write it: who may open a connection to whom."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from deploys.settings.units import Port

RENAMED = {"who": "source", "whom": "destination"}
WITHOUT_PORTS = ("vrrp", "esp", "ah", "igmp")
"""Protocols that have none (protocols(5)), as ufw and iptables both know them."""


class Rule(BaseModel):
    """
    Who may open a connection to whom: groups of the inventory, ``services.<name>``, ``all``, or names of ``networks``.

    A port is a number or the name of a value that holds one or more; a protocol such as ``vrrp``
    has none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    destination: str
    ports: tuple[Port | str, ...] = ()
    protocol: Literal["tcp", "udp", "vrrp", "esp", "ah", "igmp"] = "tcp"
    action: Literal["allow", "deny", "reject"] = "allow"

    @model_validator(mode="before")
    @classmethod
    def _renamed(cls, data: Any) -> Any:
        if isinstance(data, dict):
            for old, new in RENAMED.items():
                if old in data:
                    raise ValueError(f"a rule's {old} is called {new} now; write {new!r}: {data[old]!r}")
        return data

    @model_validator(mode="after")
    def _has_ports_where_there_are_any(self) -> Rule:
        if self.protocol in WITHOUT_PORTS and self.ports:
            raise ValueError(f"{self.protocol} has no ports; leave them out")
        if self.protocol not in WITHOUT_PORTS and not self.ports:
            raise ValueError(f"a rule for {self.protocol} needs at least one port")
        return self

    def __str__(self) -> str:
        return f"{self.source} to {self.destination}"
