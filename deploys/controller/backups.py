"""What the hosts that hold backups, and those that are backed up, must agree on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deploys.facts.postgres.state import Cluster, slot_name
from deploys.settings.host import SiteHost
from deploys.settings.site import Site

USER = "pgbackrest"
"""The system user that reads a Postgres host's data for backups, and the one that holds them on a backup host."""
LOGIN = "backup"
"""The role that it is to the Postgres servers."""
MAP = "backups"
"""The map in pg_ident.conf that says so."""
STANZA = "main"
"""What pgBackRest calls the site's Postgres."""
SERVER_DIRECTORY = "/etc/tracseq/backup-server"
"""Where a Postgres host keeps what its pgBackRest server reads."""
ATTRIBUTES = frozenset({"REPLICATION"})
MEMBER_OF = frozenset({"pg_checkpoint", "pg_read_all_settings"})
FUNCTIONS = frozenset(
    {
        "pg_backup_start(text,boolean)",
        "pg_backup_stop(boolean)",
        "pg_create_restore_point(text)",
        "pg_ls_waldir()",
        "pg_switch_wal()",
    }
)
"""What pgBackRest calls on a server and the WAL's receiver asks of it, and nothing more."""

TIMERS = ("tracseq-backup-watch", "tracseq-backup-state", "tracseq-backup-full", "tracseq-backup-differential",
          "tracseq-restore-drill")  # fmt: skip
"""The timers of a backup host."""
SECOND = "tracseq-backup-copy"
"""The timer of the second place, where there is one."""

USERS = f'u {USER} - "TracSeq backups" /var/lib/pgbackrest /usr/sbin/nologin\n'
"""The file of systemd-sysusers with that system user."""


def holders(site: Site) -> tuple[SiteHost, ...]:
    """The hosts that hold backups."""
    return site.group("backups")


def archiving(site: Site) -> Mapping[str, str]:
    """The settings of a Postgres server whose WAL a backup host fetches, or nobody."""
    if not holders(site):
        # Until it is restarted, a server that had an archive would keep all WAL for one without a command.
        return {"archive_mode": "off", "archive_command": "/bin/true"}
    return {
        "archive_mode": "on",
        # pgBackRest takes no backup of a server without either, and looks for its own name in the second.
        "archive_command": '/bin/true "pgbackrest runs on the backup host, which fetches the WAL itself"',
    }


def wait(primary: Cluster | None) -> bool:
    """
    Whether no backup can be made before a primary is restarted: it runs, and archives nothing.

    Args:
        primary: its cluster, where it has one
    """
    answer = primary.answer if primary else None
    return answer is not None and not answer.archives


def slot(holder: SiteHost) -> str:
    """
    The slot by which a Postgres server keeps WAL for a backup host.

    Args:
        holder: the backup host
    """
    return slot_name(f"backup_{holder.name}")


def slots(site: Site) -> Sequence[str]:
    """Those of all backup hosts."""
    return [slot(holder) for holder in holders(site)]
