"""A host's Postgres server, as values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from deploys.settings.debian import RELEASES

DATA = "/var/lib/postgresql"
"""Below it is a directory a version, and in that one a directory a cluster (pg_lsclusters(1))."""
CLUSTER = "main"
OF_DEBIAN = {number: release.postgres for number, release in RELEASES.items()}
"""The version that each Debian release brings."""

SUPERSEDED = ".tracseq-old"
"""What the name of a data directory ends with whose place a newer copy has taken; it is of no use any more."""

SLOT_PREFIX = "tracseq_"
"""The slots whose names begin with it are the site's; no other is touched."""

LIMITS = {
    "max_connections": "max_connections",
    "max_worker_processes": "max_worker_processes",
    "max_wal_senders": "max_wal_senders",
    "max_prepared_transactions": "max_prepared_xacts",
    "max_locks_per_transaction": "max_locks_per_xact",
}
"""Settings that a replica must not have lower than its primary, and what pg_controldata calls them."""


SEGMENT = 1 << 24
"""Bytes of a file of WAL, as initdb makes them."""
REMOVED = re.compile("requested WAL segment [0-9A-F]{8}([0-9A-F]{8})([0-9A-F]{8}) has already been removed")
"""What a primary says to a replica that comes too late."""


@dataclass(frozen=True)
class Role:
    """A role of the server."""

    attributes: frozenset[str] = frozenset()
    member_of: frozenset[str] = frozenset()
    scram: str | None = None
    """Iterations and salt of its SCRAM-SHA-256 verifier, as in it: ``4096:<base64>``."""
    digest: str | None = None
    """SHA-256 of the whole verifier, hexadecimal."""
    functions: frozenset[str] = frozenset()
    """Those that it was granted by name, as regprocedure writes them."""
    connections: int | None = None
    """How many it may have at the same time; None: as many as the server has."""


@dataclass(frozen=True)
class Slot:
    """A physical replication slot."""

    active: bool
    wal_status: str | None = None

    @property
    def lost(self) -> bool:
        """Whether the server has removed what its replica has not yet received."""
        return self.wal_status == "lost"


@dataclass(frozen=True)
class StartupSetting:
    """A setting that a server takes up only when it starts."""

    written: str | None
    """As its configuration file has it; None where that says nothing of it."""
    running: str


@dataclass(frozen=True)
class Answer:
    """What a running server says of itself."""

    recovery: bool
    timeline: int | None = None
    position: int = 0
    """Up to where its WAL goes: of a replica what it has received, in bytes (pg_lsn)."""
    committed: float | None = None
    """Of a replica: when the last transaction that it replayed was committed, in seconds since 1970."""
    pace: float = 0.0
    """Of a replica: bytes of WAL a second since its last checkpoint."""
    history: Mapping[int, int] = field(default_factory=dict)
    """Of a primary: where its timeline left each one before it, by timeline."""
    followers: Mapping[str, int] = field(default_factory=dict)
    """The replicas that stream from it, by host, and up to where each has the WAL on its disk."""
    receiver: Mapping[str, str | None] = field(default_factory=dict)
    """Of a replica: the status of its connection, the host it follows, the slot it holds there."""
    pending: tuple[str, ...] = ()
    """Settings that wait for a restart."""
    startup: Mapping[str, StartupSetting] = field(default_factory=dict)
    archives: bool = False
    """Whether it has its WAL archived, without which no backup can be made."""
    altered: Mapping[str, str] = field(default_factory=dict)
    """Settings that somebody made with ALTER SYSTEM; they win over the configuration file."""
    refused: tuple[str, ...] = ()
    """Lines of pg_hba.conf that the server does not understand."""
    limits: Mapping[str, int] = field(default_factory=dict)
    """The settings of ``LIMITS``."""
    roles: Mapping[str, Role] = field(default_factory=dict)
    extensions: Mapping[str, bool] = field(default_factory=dict)
    """Those of the database ``postgres``, and whether each has the version that the server brings."""
    databases: Mapping[str, str] = field(default_factory=dict)
    """The owner of each database."""
    slots: Mapping[str, Slot] = field(default_factory=dict)

    def waiting(self, settings: Mapping[str, str]) -> tuple[str, ...]:
        """
        What would wait for a restart, once its configuration file has these settings.

        + settings: all of them, as they are written, without quotes
        """

        def waits(name: str, one: StartupSetting) -> bool:
            value = settings.get(name)
            if value is None:
                return one.written is not None or name in self.pending
            return value != one.running and (value != one.written or name in self.pending)

        return tuple(sorted(name for name, one in self.startup.items() if waits(name, one)))


@dataclass(frozen=True)
class Cluster:
    """A data directory with something in it."""

    version: int
    contents: str | None = None
    """Some names in it, where it is something else than a complete cluster."""
    identifier: str | None = None
    """The system identifier: the same on a primary and all its replicas, and nowhere else."""
    timeline: int | None = None
    """Of its last checkpoint."""
    state: str | None = None
    """As pg_controldata words it, such as "shut down"."""
    checkpoint: int = 0
    """Where its last checkpoint is in the WAL; of a server that was shut down, nothing comes after it."""
    required: Mapping[str, int] = field(default_factory=dict)
    """The settings of ``LIMITS`` as they were on the primary when it wrote what is here last."""
    replica: bool = False
    """Whether it comes up as a replica: whether standby.signal is there."""
    running: bool = False
    answer: Answer | None = None
    silence: str | None = None
    """Why a running server gave no answer."""
    complaint: str | None = None
    """The last that the server of a replica wrote to its log of something that failed."""
    superseded: bool = False
    """Whether an older copy, whose place it took, is still there."""

    @property
    def primary(self) -> bool:
        """Whether it is a running server that takes writes."""
        return self.answer is not None and not self.answer.recovery

    @property
    def shut_down(self) -> bool:
        """Whether it was a primary that ended in order: what its replicas received is all there is."""
        return not self.running and not self.replica and self.state == "shut down"

    def follows_on(self, primary: Cluster) -> bool:
        """
        Whether it can follow a primary as it is: it ended in order, and before that one's timeline began.

        + primary: the cluster of the running primary
        """
        left = primary.answer.history.get(self.timeline or 0) if primary.answer else None
        return self.shut_down and left is not None and self.checkpoint < left

    def went_beyond(self, primary: Cluster) -> bool:
        """
        Whether it has what a primary does not, because that one's timeline began before.

        + primary: the cluster of the running primary
        """
        if primary.answer is None or self.known_timeline in (None, primary.answer.timeline):
            return False
        left = primary.answer.history.get(self.known_timeline or 0)
        # Of one that does not run nobody knows how far its WAL goes: its last checkpoint is not the end of it.
        return left is None or self.answer is None or self.answer.position > left

    @property
    def too_late(self) -> bool:
        """Whether it is a replica whose primary has removed the WAL that it needs next: it never follows again."""
        removed = REMOVED.search(self.complaint or "")
        if not (removed and self.replica and self.answer):
            return False
        # The log may speak of long ago, or of what the server has since replayed of its own WAL.
        begin = (int(removed[1], 16) << 32) + int(removed[2], 16) * SEGMENT
        return begin <= self.answer.position < begin + 2 * SEGMENT

    def within(self, primary: Cluster) -> bool:
        """
        Whether a primary has all that this replica has.

        + primary: the cluster of the running primary
        """
        if not (self.answer and primary.answer):
            return False
        same = self.answer.timeline == primary.answer.timeline
        left = primary.answer.history.get(self.answer.timeline or 0, 0)
        return self.answer.position <= (primary.answer.position if same else left)

    @property
    def known_timeline(self) -> int | None:
        """The timeline it is on, by the running server if there is one."""
        return self.answer.timeline if self.answer else self.timeline


@dataclass(frozen=True)
class ServerState:
    """Postgres on a host."""

    debian: str | None = None
    memory: int = 0
    """The host's memory in bytes."""
    installed: frozenset[int] = frozenset()
    """Major versions whose server is installed."""
    clusters: Mapping[int, Cluster] = field(default_factory=dict)
    """The clusters with data, by version."""

    @property
    def version(self) -> int:
        """The version that this host's server has or, before it is installed, will have."""
        if self.clusters:
            running = [cluster.version for cluster in self.clusters.values() if cluster.running]
            return max(running or self.clusters)
        if self.installed:
            return max(self.installed)
        return OF_DEBIAN.get(self.debian or "", max(OF_DEBIAN.values()))

    @property
    def cluster(self) -> Cluster | None:
        """The cluster ``main``; None where there is no data."""
        return self.clusters.get(self.version)


def slot_name(host: str) -> str:
    """
    The name of a host's slot: Postgres takes lower-case letters, digits and underscores only.

    + host: its name in the inventory
    """
    return SLOT_PREFIX + re.sub(r"[^a-z0-9_]", "_", host.lower())


def written(position: int) -> str:
    """
    A place in the WAL as Postgres writes it, such as ``16/B374D848`` (pg_lsn).

    + position: as a number of bytes
    """
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"
