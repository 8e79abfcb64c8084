"""One of the platform's services, as the catalogue (``services`` in group_data/all.py) has it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, model_validator

from deploys.settings.units import Identifier, Port, Size

LAST_PORT = 65535
Variable = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
"""Name of an environment variable."""
ServiceName = Annotated[str, Field(pattern=r"^[a-z]{1,15}$")]
"""A name that is part of the gateways' variables, and of a system user's name (useradd(8): at most 32 characters)."""


class Entry(BaseModel):
    """A part of the catalogue: it has no keys but these."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(Entry):
    """What a service is made of: one file of this machine, known by its digest."""

    type: Literal["program", "archive", "wheels", "image"] = Field(
        description="one program, a tar archive with it and more, pip's lock file of wheels, or an archive of an image "
        "(`docker save`, OCI)"
    )
    file: str = Field(description="path on this machine", min_length=1)
    sha256: str = Field(description="digest of that file, as sha256sum prints it", pattern=r"^[0-9a-f]{64}$")


class Reach(Entry):
    """Whom a service may connect to beside other services."""

    destination: str = Field(description="a group of the inventory, or a name of `networks`")
    ports: tuple[Port | str, ...] = Field(description="numbers, or names of values that hold one", min_length=1)


class Service(Entry):
    """An entry of the catalogue: a service that the site runs, or one that runs elsewhere."""

    source: Source | None = Field(default=None, description="`{type, file, sha256}`: what it is made of")
    hosts: tuple[str, ...] = Field(default=(), description="hosts of the inventory that run it")
    port: Port | None = Field(default=None, description="its port; further instances have the ports after it")
    guard_port: Port | None = Field(
        default=None,
        description="where others reach it if it authenticates nobody: by nginx, which takes certificates of services "
        "that reach it alone; it listens at `port` on the loopback. Further instances as above",
    )
    instances: int = Field(default=1, ge=1, le=16, description="instances on each host")
    addresses: tuple[HttpUrl, ...] = Field(default=(), description="in place of all of these: where it runs elsewhere")
    command: tuple[str, ...] = Field(
        default=(), description="program in its source and arguments; `{port}` stands for its port"
    )
    environment: dict[Variable, str] = Field(default_factory=dict, description="variables; `{port}` as above")
    secrets: tuple[Variable, ...] = Field(default=(), description="names in `.env.<environment>` that it is given")
    tokens: bool = Field(
        default=False,
        description="whether it judges users' tokens: it gets `JWT_ALGORITHM` and its key, with RS256 the public one",
    )
    database: Identifier | None = Field(
        default=None, description="a database of its own, with a role of the same name that may use no other"
    )
    vectors: bool = Field(
        default=False, description="whether its database has the type `vector` (pgvector), which Debian 13 brings"
    )
    connections: int = Field(
        default=5,
        ge=1,
        le=1000,
        description="connections to its database that an instance may open (`DB_POOL_MAX_SIZE`)",
    )
    redis: bool = Field(default=False, description="whether it has a user of its own in Redis, for keys below its name")
    redis_shared: tuple[ServiceName, ...] = Field(
        default=(), description="further prefixes of keys and channels, which it shares with others"
    )
    health: str = Field(default="/health", pattern=r"^/\S*$", description="path that answers 200 when it is well")
    health_timeout: int = Field(default=60, ge=1, le=600, description="seconds to be well after a change")
    stop_timeout: int = Field(default=30, ge=1, le=600, description="seconds that its requests in flight have to end")
    socket: bool = Field(default=False, description="whether systemd holds its port (sd_listen_fds(3))")
    memory: Size = Field(default="512MB", validate_default=True, description="memory limit of an instance")
    cpus: float = Field(default=1.0, gt=0, description="CPU limit of an instance, in CPUs")
    tasks: int = Field(default=512, ge=1, description="processes and threads of an instance")
    executable_memory: bool = Field(default=False, description="whether it makes code while it runs (a JIT)")
    releases_kept: int = Field(default=3, ge=1, description="releases kept beside those in use")
    phase: int = Field(default=1, ge=1, le=9, description="changes once all of the phases before it are well")
    gateway: bool = Field(default=True, description="whether gateways pass requests on to it")
    reaches: tuple[ServiceName | Reach, ...] = Field(
        default=(), description="names of services, or `{destination, ports}`, that it may connect to"
    )

    @model_validator(mode="before")
    @classmethod
    def _no_text_for_a_list(cls, data: Any) -> Any:
        if isinstance(data, dict):
            for key in ("hosts", "addresses", "command", "secrets", "reaches", "redis_shared"):
                if isinstance(data.get(key), str):
                    raise ValueError(f"{key} is a list: write [{data[key]!r}]")
        return data

    @model_validator(mode="after")
    def _here_or_elsewhere(self) -> Service:
        here = {"source": self.source, "hosts": self.hosts, "port": self.port}
        if self.addresses:
            given = [key for key, value in here.items() if value]
            given += ["guard_port"] if self.guard_port else []
            if given:
                raise ValueError(f"it has addresses, so it runs elsewhere, and {' and '.join(given)}, so it runs here")
            return self
        missing = [key for key, value in here.items() if not value]
        if missing:
            raise ValueError(f"it needs {' and '.join(missing)}; one that runs elsewhere has addresses instead")
        if self.source and self.source.type in ("archive", "wheels") and not self.command:
            raise ValueError("it needs command: which program of the archive, or of the wheels, it is")
        if max(*self.own_ports, *self.ports) > LAST_PORT:
            raise ValueError(f"its instances would have ports beyond {LAST_PORT}")
        if self.guard_port and {*self.own_ports} & {*self.ports}:
            raise ValueError("its guard would listen at a port of its own: give guard_port another")
        if self.guard_port and self.socket:
            raise ValueError("systemd would hold its port open to all: with guard_port it has no socket")
        if self.vectors and not self.database:
            raise ValueError("vectors are in its database: give it one")
        return self

    @property
    def elsewhere(self) -> bool:
        """Whether it is no part of the site."""
        return bool(self.addresses)

    @property
    def connections_of_all(self) -> int:
        """Connections to its database that all instances may have; those of one that was just ended may still count."""
        return self.connections * (len(self.hosts) * self.instances + 1) if self.database else 0

    @property
    def own_ports(self) -> tuple[int, ...]:
        """The ports of its instances on a host; with a guard others never see them."""
        return tuple(range(self.port or 0, (self.port or 0) + self.instances)) if not self.elsewhere else ()

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports at which it is reached: those of its instances on a host, of their guard, or elsewhere."""
        if self.elsewhere:
            return tuple(dict.fromkeys(url.port or 80 for url in self.addresses))
        return tuple(range(self.guard_port, self.guard_port + self.instances)) if self.guard_port else self.own_ports

    @property
    def alone(self) -> bool:
        """Whether it connects to nobody, and nobody but its guard to it."""
        return bool(self.guard_port) and not (self.reaches or self.database or self.redis)
