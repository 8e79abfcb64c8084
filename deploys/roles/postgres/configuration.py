"""The settings of a Postgres server, from the site's data and the host's memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from deploys.controller import backups, patroni
from deploys.controller.postgres import pool
from deploys.facts.postgres.state import slot_name
from deploys.roles.postgres import fence
from deploys.roles.postgres.declaration import CREDENTIALS, Postgres
from deploys.settings.host import SiteHost
from deploys.settings.site import Site
from deploys.settings.units import SIZES, written

MB, GB = SIZES["MB"], SIZES["GB"]
REPLICATOR = "replicator"
REWINDING = frozenset(
    {
        "pg_ls_dir(text,boolean,boolean)",
        "pg_read_binary_file(text)",
        "pg_read_binary_file(text,bigint,bigint,boolean)",
        "pg_stat_file(text,boolean)",
    }
)
"""What pg_rewind calls on a server, and nothing more: with it that role reads what it may copy anyway."""
MONITORING = "monitoring"
STATEMENTS = "pg_stat_statements"
"""The extension that counts what each kind of statement costs; it is in the database ``postgres``."""

Sections = Mapping[str, Mapping[str, str]]


def memory(data: Postgres, available: int) -> dict[str, str]:
    """
    How much memory is for what: shares of the host's, or the guide's values where that is less.

    Args:
        available: the host's memory in bytes
    """
    shared = min(max(256 * MB, available // 4), available * 2 // 5)
    cache = min(max(1 * GB, available * 3 // 4), available)
    maintenance = min(max(64 * MB, available // 16), 2 * GB)
    return {
        "shared_buffers": written(data.postgres_shared_buffers or _even(shared)),
        "effective_cache_size": written(data.postgres_effective_cache_size or _even(cache)),
        "maintenance_work_mem": written(data.postgres_maintenance_work_mem or _even(maintenance)),
        "work_mem": written(data.postgres_work_mem),
    }


def _even(size: int) -> int:
    """Down to whole 16 MB: what a kernel keeps for itself changes with its version."""
    return size // (16 * MB) * (16 * MB)


def primary_connection(site: Site, host: SiteHost) -> str:
    """
    How a host finds its primary: among all other hosts, the one that is no replica. So it is the
    same before and after a promotion. Empty where there is no other host.
    """
    others = [peer.name for peer in site.group("postgres") if peer.name != host.name]
    if not others:
        return ""
    return (
        f"host={','.join(others)} port={site.shared.postgres_port} user={REPLICATOR} "
        f"passfile={CREDENTIALS}/passfile target_session_attrs=primary "
        f"sslmode=verify-full sslrootcert={CREDENTIALS}/authority.crt gssencmode=disable "
        f"application_name={host.name} connect_timeout=5 "
        # While a host boots, its first packets may be lost for good: its IPv6 address is tentative (RFC 4862, 5.4).
        # A replica would wait two minutes for its connection, for which connect_timeout is not counted.
        "tcp_user_timeout=10000 "
        # A primary that vanished without a word is given up after a minute.
        "keepalives_idle=30 keepalives_interval=10 keepalives_count=3"
    )


def synchronous(site: Site, host: SiteHost, out: Collection[str] = ()) -> str:
    """
    Which replicas must have a write before a host, as the primary, acknowledges it (synchronous_standby_names).

    Args:
        site: the site
        host: the primary
        out: hosts that are out for maintenance, for which no write waits
    """
    others = [peer.name for peer in site.group("postgres") if peer.name != host.name and peer.name not in out]
    number = min(host.data(Postgres).postgres_synchronous, len(others))
    listed = ", ".join(f'"{name}"' for name in others)
    return f"ANY {number} ({listed})" if number else ""


def sections(
    site: Site, host: SiteHost, available: int, version: int, declared: Mapping[str, int], out: Collection[str] = ()
) -> Sections:
    """
    The whole of postgresql.conf, by heading.

    Args:
        available: the host's memory in bytes
        declared: the settings of ``limits.declared()``, or larger ones
        out: hosts that are out for maintenance
    """
    data = host.data(Postgres)
    slow = data.postgres_log_slow_statements
    configuration = f"/etc/postgresql/{version}/main"
    # Patroni says itself who is followed.
    followed = "" if patroni.keeps(site) else primary_connection(site, host)
    found = {
        "Where things are": {
            "data_directory": f"/var/lib/postgresql/{version}/main",
            "hba_file": f"{configuration}/pg_hba.conf",
            "ident_file": f"{configuration}/pg_ident.conf",
            "external_pid_file": f"/var/run/postgresql/{version}-main.pid",
            "unix_socket_directories": "/var/run/postgresql",
            "cluster_name": patroni.scope(version) if patroni.keeps(site) else f"{version}/main",
        },
        "Connections: who may make one, pg_hba.conf and the firewall say": {
            "listen_addresses": "*",
            "port": str(site.shared.postgres_port),
            "password_encryption": "scram-sha-256",
            # A host whose network is cut says nothing any more. Without it a slot that such a replica holds, a stop of
            # the server and even a checkpoint would wait for it for a quarter of an hour (TCP's own patience).
            "tcp_user_timeout": "10s",
            "ssl": "on",
            "ssl_cert_file": f"{CREDENTIALS}/server.crt",
            "ssl_key_file": f"{CREDENTIALS}/server.key",
            "ssl_min_protocol_version": "TLSv1.2",
            # Only a backup host shows a certificate of its own.
            **({"ssl_ca_file": f"{CREDENTIALS}/authority.crt"} if backups.holders(site) else {}),
        },
        "Limits: a replica's must not be lower than its primary's": {
            name: str(value) for name, value in declared.items()
        },
        "Memory": memory(data, available),
        "Replication, the same on every server, so that each can be primary or replica": {
            "wal_level": "replica",
            "wal_log_hints": "on",
            "hot_standby": "on",
            "max_replication_slots": str(declared["max_wal_senders"]),
            "wal_retrieve_retry_interval": "1s",
            "max_slot_wal_keep_size": written(data.postgres_max_slot_wal_keep_size),
            "synchronous_standby_names": "" if patroni.keeps(site) else synchronous(site, host, out),
            "primary_conninfo": followed,
            "primary_slot_name": slot_name(host.name) if followed else "",
            "recovery_end_command": fence.promoted(site, version),
        },
        # Said in both cases: a server that reloads takes a line that is gone, of a setting for a restart, for an error.
        "Backups: their host, where there is one, fetches the WAL": dict(backups.archiving(site)),
        "What a server loads when it starts": {
            "shared_preload_libraries": ",".join(dict.fromkeys((STATEMENTS, *_libraries(data)))),
        },
        "Log: its own file, and the journal": {
            "log_destination": "stderr,syslog",
            # A statement may be long, and a line of the journal has room for it.
            "syslog_split_messages": "off",
            "syslog_sequence_numbers": "off",
            "log_line_prefix": "%m [%p] %q%u@%d %h ",
            "log_checkpoints": "on",
            "log_lock_waits": "on",
            "log_autovacuum_min_duration": "10s",
            "log_min_duration_statement": "-1" if slow is None else f"{int(slow * 1000)}ms",
            "log_timezone": "Etc/UTC",
        },
        "Language and time": {
            "timezone": "Etc/UTC",
            "datestyle": "iso, mdy",
            "lc_messages": "C.UTF-8",
            "default_text_search_config": "pg_catalog.english",
        },
    }
    further = {
        name: value
        for name, value in data.postgres_settings.items()
        if name not in declared and name != "shared_preload_libraries"
    }
    for settings in found.values():
        for name in further.keys() & settings.keys():
            settings[name] = further.pop(name)
    found["Further settings of this site"] = further
    return found


def _libraries(data: Postgres) -> list[str]:
    """Those that the site's own settings have a server load."""
    own = data.postgres_settings.get("shared_preload_libraries", "")
    return [name for one in own.split(",") if (name := one.strip())]


def quoted(value: str) -> str:
    """A value as postgresql.conf takes it."""
    escaped = value.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def servers(site: Site) -> tuple[str, ...]:
    """The networks of the Postgres hosts themselves."""
    return tuple(network for peer in site.group("postgres") for network in pool.networks(peer))


def backup_hosts(site: Site) -> tuple[str, ...]:
    """The networks of the hosts that hold backups."""
    return tuple(network for holder in backups.holders(site) for network in pool.networks(holder))


def identities(site: Site) -> str:
    """pg_ident.conf: who may be the role of the backups, and that the pool may be the platform's."""
    who = [backups.USER, *(holder.name for holder in backups.holders(site))] if backups.holders(site) else []
    lines = [f"{backups.MAP}  {one}  {backups.LOGIN}\n" for one in who]
    if site.shared.postgres_pool_port:
        lines.append(f"{pool.MAP}  {pool.USER}  {site.shared.postgres_user}\n")
    return "".join(lines)
