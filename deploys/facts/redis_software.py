"""The two servers that speak Redis' protocol, as Debian packages them: all that differs between them is said here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Software:
    """
    One of the two: Debian names everything that belongs to it after it.

    + name: by which packages, programs, units, users and directories are called
    + title: what people call it
    """

    name: str
    title: str

    @property
    def server(self) -> str:
        """The package of the server, and its program."""
        return f"{self.name}-server"

    @property
    def sentinel(self) -> str:
        """The package of the Sentinel, and its program."""
        return f"{self.name}-sentinel"

    @property
    def client(self) -> str:
        """The program that asks both."""
        return f"{self.name}-cli"

    @property
    def user(self) -> str:
        """The user, and the group, that both run as."""
        return self.name

    @property
    def unit(self) -> str:
        return f"{self.server}.service"

    @property
    def sentinel_unit(self) -> str:
        return f"{self.sentinel}.service"

    @property
    def configuration(self) -> str:
        return f"/etc/{self.name}/{self.name}.conf"

    @property
    def sentinel_configuration(self) -> str:
        return f"/etc/{self.name}/sentinel.conf"

    @property
    def users(self) -> str:
        """Who may use the server, where any service of the catalogue does."""
        return f"/etc/{self.name}/users.acl"

    @property
    def sentinel_users(self) -> str:
        """Who may ask the Sentinel, where any service of the catalogue does."""
        return f"/etc/{self.name}/sentinel.acl"

    @property
    def drop_in(self) -> str:
        return f"/etc/systemd/system/{self.unit}.d/tracseq.conf"

    @property
    def sentinel_drop_in(self) -> str:
        return f"/etc/systemd/system/{self.sentinel_unit}.d/tracseq.conf"

    @property
    def data(self) -> str:
        """The server's directory."""
        return f"/var/lib/{self.name}"

    @property
    def state(self) -> str:
        """Where a host keeps what servers and Sentinels write of themselves: who is the master, and who follows."""
        return f"/var/lib/tracseq-{self.name}"

    @property
    def own(self) -> str:
        """What the server writes of itself."""
        return f"{self.state}/{self.name}.conf"

    @property
    def sentinel_own(self) -> str:
        """What the Sentinel writes of itself."""
        return f"{self.state}/sentinel.conf"


REDIS, VALKEY = Software("redis", "Redis"), Software("valkey", "Valkey")
SOFTWARE = {one.name: one for one in (REDIS, VALKEY)}


def other(software: Software) -> Software:
    """
    The one of the two that a host does not have.

    + software: the one that it has
    """
    return VALKEY if software == REDIS else REDIS
