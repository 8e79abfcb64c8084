"""What each rule must say of which metrics: a case in which it fires, and one in which it is silent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

RULES = Path("files/monitoring/rules")
EXPRESSION = re.compile(r"- alert: (\w+)\n(?: +#[^\n]*\n)*        expr: \|?(.*?)\n        (?:for|labels):", re.DOTALL)

Series = Mapping[str, str]
"""Values by series, both as promtool writes them: ``{'up{job="node"}': "1x20"}``."""

GB = 1 << 30
DAY = 86_400
HOST = 'instance="pg1"'
SITE = 'instance="lb1",job="site"'
LATE_OF = 'tracseq_renewal_late_timestamp_seconds{{instance="{}",path="/etc/nginx/tls/site.crt"}}'
OF_LB1, LATE = LATE_OF.format("lb1"), {LATE_OF.format("lb2"): f"{17 * DAY}x20"}
"""When what load balancers show to users is late."""


@dataclass(frozen=True)
class Case:
    """
    A case of a rule.

    Attributes:
        alert: its name
        fires: metrics with which it fires
        silent: metrics with which it does not
        at: when it is looked at, after the first value
        every: between two values
        also_silent: further metrics with which it does not fire, where it has a second threshold
        also_fires: further metrics with which it fires, where it has a second reason
    """

    alert: str
    fires: Series
    silent: Series
    at: str = "15m"
    every: str = "1m"
    also_silent: tuple[Series, ...] = ()
    also_fires: tuple[Series, ...] = ()

    def tests(self) -> Iterator[dict[str, object]]:
        """All of them as promtool's tests."""
        fires, silent = (self.fires, *self.also_fires), (self.silent, *self.also_silent)
        for series, number in (*((series, 1) for series in fires), *((series, 0) for series in silent)):
            yield {
                "interval": self.every,
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": [
                    {
                        "expr": f'count(ALERTS{{alertname="{self.alert}",alertstate="firing"}}) > bool 0 or vector(0)',
                        "eval_time": self.at,
                        "exp_samples": [{"labels": "{}", "value": number}],
                    }
                ],
            }


def share(name: str, labels: str, part: float, whole: str, total: float, more: Series | None = None) -> Series:
    """A part of a whole, both constant."""
    return {f"{name}{{{labels}}}": f"{part}x30", f"{whole}{{{labels}}}": f"{total}x30", **(more or {})}


def one(name: str, labels: str, fires: object, silent: object, at: str = "15m") -> tuple[Series, Series]:
    """A series with a value that fires and one that does not."""
    return {f"{name}{{{labels}}}": _constant(fires)}, {f"{name}{{{labels}}}": _constant(silent)}


def _constant(value: object) -> str:
    return value if isinstance(value, str) else f"{value}x30"


DISK = f'{HOST},mountpoint="/",fstype="ext4"'
DISK_WRITABLE = {f"node_filesystem_readonly{{{DISK}}}": "0x800"}
DISK_READ_ONLY = {f"node_filesystem_readonly{{{DISK}}}": "1x800"}


def requests(failed: float, per_step: float = 1000) -> Series:
    """Requests by status, of which this share fails: so many between two values."""
    bad = per_step * failed
    return {
        'http_requests_total{instance="gw1",service="sample",status="200"}': f"0+{per_step - bad:.6f}x500",
        'http_requests_total{instance="gw1",service="sample",status="500"}': f"0+{bad:.6f}x500",
    }


def in_turn(share: float, steps: int, then: float, per_step: float) -> Series:
    """Requests of which this share fails for so many steps, and then another."""

    def counted(first: float, second: float) -> str:
        return f"0+{first:.6f}x{steps} {first * steps + second:.6f}+{second:.6f}x200"

    return {
        'http_requests_total{instance="gw1",status="200"}': counted(per_step * (1 - share), per_step * (1 - then)),
        'http_requests_total{instance="gw1",status="500"}': counted(per_step * share, per_step * then),
    }


def budget(alert: str, steps: tuple[int, int], failed: float, well: float, last: int, every: int = 1) -> Case:
    """
    A rule of the error budget: a few hundred requests within its longer window suffice, and a few dozen do not.

    Args:
        alert: its name
        steps: of its longer window and of the shorter one
        failed: the share with which it fires
        well: one with which it does not, and more than a tenth of what it allows
        last: the step at which it is looked at
        every: minutes of a step
    """
    (long, short), per_step = steps, 300 / steps[0]
    also_silent = (
        requests(1.0, 30 / long),
        # It was so for long, and is over; it is so, and has not been for long.
        in_turn(2 * failed, last - short - 2, well, per_step),
        in_turn(0.0, last - short, 3 * failed, per_step),
    )
    return Case(
        alert,
        requests(failed, per_step),
        requests(well),
        at=f"{last * every}m",
        every=f"{every}m",
        also_silent=also_silent,
    )


def slow(below: float, per_minute: int) -> Series:
    """So many requests a minute, of which this share takes less than half a second, and the others up to 2.5."""
    bucket = 'http_request_duration_seconds_bucket{instance="gw1",service="sample"'
    return {
        f'{bucket},le="0.05"}}': "0x30",
        f'{bucket},le="0.5"}}': f"0+{below * per_minute}x30",
        f'{bucket},le="2.5"}}': f"0+{per_minute}x30",
        f'{bucket},le="+Inf"}}': f"0+{per_minute}x30",
        **requests(0, per_minute),
    }


def balancer(failed: float, per_minute: float = 60, below: float = 0.99) -> Series:
    """What load balancers answer a minute, which share of it with an error, and which within half a second."""
    bucket = 'nginx_request_duration_seconds_bucket{instance="lb1"'
    return {
        'nginx_requests_total{instance="lb1",status="200"}': f"0+{per_minute * (1 - failed):.6f}x60",
        'nginx_requests_total{instance="lb1",status="502"}': f"0+{per_minute * failed:.6f}x60",
        f'{bucket},le="0.05"}}': f"0+{below * per_minute / 2}x60",
        f'{bucket},le="0.5"}}': f"0+{below * per_minute}x60",
        f'{bucket},le="2.5"}}': f"0+{per_minute}x60",
        f'{bucket},le="+Inf"}}': f"0+{per_minute}x60",
    }


def silent_host(ping: int) -> Series:
    """A host of which nothing is measured: its site and itself are asked by the monitoring host, which is up."""
    return {
        'up{instance="pg1",job="node"}': "0x30",
        'up{instance="pg1",job="site"}': "1x30",
        'up{instance="pg1",job="host"}': "1x30",
        'probe_success{instance="pg1",job="host"}': f"{ping}x30",
    }


PRIMARY, STANDBY = 'instance="pg1",server="pg1"', 'instance="pg2",server="pg2"'
REPLICA = "tracseq_postgres_server_replica"


def postgres(name: str, replica: int | None = None, well: int = 1, up: int = 1, ping: int = 1) -> Series:
    """
    A Postgres server, as it is measured.

    Args:
        name: its host
        replica: what its query says it is; None: that tells nothing
        well: whether Postgres answers its exporter
        up: whether the exporter answers
        ping: whether the host does
    """
    labels = f'instance="{name}",server="{name}"'
    return {
        f'up{{instance="{name}",job="postgres"}}': f"{up}x30",
        f'probe_success{{instance="{name}",job="host"}}': f"{ping}x30",
        **({f"pg_up{{{labels}}}": f"{well}x30"} if up else {}),
        **({f"{REPLICA}{{{labels}}}": f"{replica}x30"} if replica is not None else {}),
    }


def server(name: str, fires: object, silent: object) -> tuple[Series, Series]:
    """A value of a Postgres server."""
    return one(f"tracseq_postgres_server_{name}", HOST, fires, silent)


def backup(name: str, record: str, fires: object, silent: object) -> tuple[Series, Series]:
    """A value of a record of a backup host."""
    return one(f"tracseq_backup_{name}", f'instance="backup1",record="{record}"', fires, silent)


def limited(name: str, limit: str, value: int, fires: object, silent: object) -> tuple[Series, Series]:
    """A value of a backup host's watch, which has its limit beside it."""
    bounds = {f'tracseq_backup_{limit}{{instance="backup1",record="wal"}}': f"{value}x40"}
    firing, quiet = backup(name, "wal", fires, silent)
    return {**firing, **bounds}, {**quiet, **bounds}


INSTANCE = 'job="services",service="sample",instance="app1",port="8081"'
OTHER_INSTANCE = 'job="services",service="sample",instance="app2",port="8081"'
NOT_SERVICES = {f"probe_success{{{SITE}}}": "0x30"}
"""What is asked besides services."""


SHARED, ADDRESS = "tracseq_virtual_address", "node_network_address_info"


def shared(*owners: str) -> Series:
    """An address that two load balancers share, and those that have it."""
    return {
        **{f'{SHARED}{{instance="{name}",address="10.0.0.10"}}': "1x30" for name in ("lb1", "lb2")},
        **{f'{ADDRESS}{{instance="{name}",address="10.0.0.10"}}': "1x30" for name in owners},
        **{f'{ADDRESS}{{instance="{name}",address="127.0.0.1"}}': "1x30" for name in ("lb1", "lb2", "pg1")},
    }


def gateway(blue: int | None = None, green: str | None = None, node: int = 1) -> Series:
    """A host's gateways, and whether anything else of it is measured."""
    return {
        'up{instance="gw1",job="node"}': f"{node}x30",
        **({'up{instance="gw1",job="gateway"}': f"{blue}x30"} if blue is not None else {}),
        **({'up{instance="gw1",job="gateway_green"}': green} if green is not None else {}),
    }


def balancer_asked(answers: int, node: int = 1, ping: int = 1) -> Series:
    """Whether a load balancer answers as users ask, and whether its host is measured, and there."""
    return {
        SITE_ANSWERS: f"{answers}x30",
        'up{instance="lb1",job="node"}': f"{node}x30",
        'up{instance="lb1",job="site"}': "1x30",
        'probe_success{instance="lb1",job="host"}': f"{ping}x30",
    }


def alertmanagers(one: int, other: int, members: int) -> Series:
    """Which of two answer, and how many the first one finds."""
    return {
        'up{instance="mon1",job="alertmanager"}': f"{one}x30",
        'up{instance="mon2",job="alertmanager"}': f"{other}x30",
        'alertmanager_cluster_members{instance="mon1",job="alertmanager"}': f"{members}x30",
    }


SITE_ANSWERS = f"probe_success{{{SITE}}}"
SHARED_ANSWERS = 'probe_success{instance="10.0.0.10",job="site"}'
SECURITY = f'apt_upgrades_pending{{{HOST},origin="Debian:bookworm-security/stable-security"}}'
COLLECTED = f"node_reboot_required{{{HOST}}}"
DRILL = 'tracseq_backup_last_run_timestamp_seconds{instance="backup1",record="drill"}'
WATCHED = 'tracseq_backup_watched_since_timestamp_seconds{instance="backup1",record="wal"}'
WATCH = 'node_systemd_unit_state{instance="backup1",name="tracseq-backup-watch.timer",state="active"}'
ACME = "tracseq_acme"
KEEPALIVED = 'instance="lb1",name="keepalived.service",state="active"'


CASES = (
    Case(
        "VirtualAddressOnNoHost",
        {**shared(), SHARED_ANSWERS: "0x30"},
        {**shared("lb2"), SHARED_ANSWERS: "1x30"},
        # It is on a host where nginx does not answer; it is on one that is not measured.
        also_silent=({**shared("lb2"), SHARED_ANSWERS: "0x30"}, {**shared(), SHARED_ANSWERS: "1x30"}),
        also_fires=({**shared(), SITE_ANSWERS: "1x30"},),
    ),
    Case("VirtualAddressOnSeveralHosts", shared("lb1", "lb2"), shared("lb1"), also_silent=(shared(),)),
    Case(
        "KeepalivedDown",
        {**shared("lb2"), f"node_systemd_unit_state{{{KEEPALIVED}}}": "0x30"},
        {**shared("lb2"), f"node_systemd_unit_state{{{KEEPALIVED}}}": "1x30"},
        # Debian's keepalived of a host that shares no address is nobody's concern.
        also_silent=({f"node_systemd_unit_state{{{KEEPALIVED}}}": "0x30"},),
    ),
    Case(
        "HostGone",
        silent_host(ping=0),
        silent_host(ping=1),
        also_silent=({**silent_host(ping=0), 'up{instance="pg1",job="postgres"}': "1x30"},),
    ),
    Case(
        "HostNotMeasured",
        silent_host(ping=1),
        silent_host(ping=0),
        also_silent=({**silent_host(ping=1), 'up{instance="pg1",job="postgres"}': "1x30"},),
    ),
    Case(
        "ExporterGone",
        {'up{instance="pg1",job="redis"}': "0x30", 'up{instance="pg1",job="node"}': "1x30"},
        {'up{instance="pg1",job="redis"}': "1x30", 'up{instance="pg1",job="node"}': "1x30"},
        also_silent=(
            {'up{instance="app1",job="services",service="sample",port="8081"}': "0x30"},
            {'up{instance="pg1",job="redis"}': "0x30", **silent_host(ping=1)},
        ),
    ),
    Case(
        "DiskAlmostFull",
        share("node_filesystem_avail_bytes", DISK, 5, "node_filesystem_size_bytes", 100, DISK_WRITABLE),
        share("node_filesystem_avail_bytes", DISK, 20, "node_filesystem_size_bytes", 100, DISK_WRITABLE),
        # An image that is full by its nature.
        also_silent=(share("node_filesystem_avail_bytes", DISK, 0, "node_filesystem_size_bytes", 100, DISK_READ_ONLY),),
    ),
    Case(
        "DiskFullTomorrow",
        {
            f"node_filesystem_avail_bytes{{{DISK}}}": "40-0.03x600",
            f"node_filesystem_size_bytes{{{DISK}}}": "100x600",
            **DISK_WRITABLE,
        },
        {
            f"node_filesystem_avail_bytes{{{DISK}}}": "40-0.01x600",
            f"node_filesystem_size_bytes{{{DISK}}}": "100x600",
            **DISK_WRITABLE,
        },
        at="8h",
        also_silent=(
            {
                f"node_filesystem_avail_bytes{{{DISK}}}": "100-0.09x600",
                f"node_filesystem_size_bytes{{{DISK}}}": "100x600",
                **DISK_WRITABLE,
            },
            {
                f"node_filesystem_avail_bytes{{{DISK}}}": "40-0.03x600",
                f"node_filesystem_size_bytes{{{DISK}}}": "100x600",
                **DISK_READ_ONLY,
            },
        ),
    ),
    Case(
        "InodesAlmostGone",
        share("node_filesystem_files_free", DISK, 3, "node_filesystem_files", 100),
        share("node_filesystem_files_free", DISK, 10, "node_filesystem_files", 100),
    ),
    Case("FileSystemReadOnly", *one("node_filesystem_readonly", DISK, 1, 0)),
    Case(
        "MemoryAlmostGone",
        share("node_memory_MemAvailable_bytes", HOST, 4, "node_memory_MemTotal_bytes", 100),
        share("node_memory_MemAvailable_bytes", HOST, 30, "node_memory_MemTotal_bytes", 100),
    ),
    Case("OutOfMemoryKill", *one("node_vmstat_oom_kill", HOST, "0x10 1x30", "3x30")),
    Case("MemoryPressure", *one("node_pressure_memory_stalled_seconds_total", HOST, "0+12x30", "0+3x30")),
    Case("DiskPressure", *one("node_pressure_io_stalled_seconds_total", HOST, "0+36x40", "0+12x40"), at="30m"),
    Case("ProcessorPressure", *one("node_pressure_cpu_waiting_seconds_total", HOST, "0+45x40", "0+15x40"), at="30m"),
    Case(
        "ClockNotSynchronised",
        {f"node_timex_sync_status{{{HOST}}}": "0x30", f"node_timex_maxerror_seconds{{{HOST}}}": "17x30"},
        {f"node_timex_sync_status{{{HOST}}}": "0x30", f"node_timex_maxerror_seconds{{{HOST}}}": "10x30"},
    ),
    Case("ClockIsOff", *one("node_time_seconds", HOST, "10+60x30", "1+60x30")),
    Case(
        "UnitFailed",
        *one("node_systemd_unit_state", f'{HOST},name="nginx.service",state="failed"', 1, 0),
        also_silent=({f'node_systemd_unit_state{{{HOST},name="tracseq-renewal.service",state="failed"}}': "1x30"},),
    ),
    Case(
        "UnitRestartsAgainAndAgain",
        *one("node_systemd_service_restart_total", f'{HOST},name="nginx.service"', "0+1x30", "0x10 1x30"),
        also_silent=(
            {f'node_systemd_service_restart_total{{{HOST},name="tracseq-journal-upload.service"}}': "0+1x30"},
        ),
    ),
    Case(
        "LogsNotSent",
        *one("tracseq_journal_sent_timestamp_seconds", HOST, "0x60", "-300+60x60"),
        at="40m",
    ),
    Case(
        "LogsLost",
        {"tracseq_journal_sent_timestamp_seconds": "100x30", "tracseq_journal_begins_timestamp_seconds": "100x30"},
        {"tracseq_journal_sent_timestamp_seconds": "101x30", "tracseq_journal_begins_timestamp_seconds": "100x30"},
    ),
    Case("HostRebooted", *one("node_boot_time_seconds", HOST, 800, 100), at="20m"),
    Case(
        "SiteDoesNotAnswer",
        balancer_asked(0),
        balancer_asked(1),
        also_fires=(balancer_asked(0, node=0), balancer_asked(0, ping=0), {SHARED_ANSWERS: "0x30"}),
        # Its host is gone.
        also_silent=(balancer_asked(0, node=0, ping=0),),
    ),
    Case("NobodyAsksTheSite", *one("up", SITE, 0, 1)),
    Case("SiteAnswersSlowly", *one("probe_duration_seconds", SITE, 3, 0.3)),
    Case(
        "PublicCertificateEnds",
        *one("probe_ssl_earliest_cert_expiry", SITE, 5 * DAY, 60 * DAY),
        also_silent=(
            {
                f"probe_ssl_earliest_cert_expiry{{{SITE}}}": f"{5 * DAY}x20",
                'tracseq_renewal_late_timestamp_seconds{path="/etc/nginx/tls/site.crt"}': f"{4 * DAY}x20",
            },
            {f"probe_ssl_earliest_cert_expiry{{{SITE}}}": f"{5 * DAY}x30", f"{ACME}_late_timestamp_seconds": "9e9x30"},
        ),
    ),
    Case(
        "CertificateEnds",
        *one("tracseq_certificate_ends_timestamp_seconds", f'{HOST},path="server.crt"', 5 * DAY, 60 * DAY),
        also_silent=(
            {
                f'tracseq_certificate_ends_timestamp_seconds{{{HOST},path="server.crt"}}': f"{5 * DAY}x20",
                f'tracseq_renewal_late_timestamp_seconds{{{HOST},path="server.crt"}}': f"{4 * DAY}x20",
            },
            {f'tracseq_certificate_ends_timestamp_seconds{{{HOST},path="/etc/nginx/tls/shown.crt"}}': f"{5 * DAY}x30"},
        ),
    ),
    Case(
        "CertificateNotRenewed",
        *one("tracseq_renewal_late_timestamp_seconds", f'{HOST},path="server.crt"', 5, 10 * DAY),
    ),
    Case(
        "CertificateNotTakenUp",
        {f"probe_ssl_earliest_cert_expiry{{{SITE}}}": f"{15 * DAY}x20", **LATE, OF_LB1: f"{16 * DAY}x20"},
        {f"probe_ssl_earliest_cert_expiry{{{SITE}}}": f"{15 * DAY}x20", **LATE, OF_LB1: f"{7 * DAY}x20"},
        also_silent=(
            {
                f"probe_ssl_earliest_cert_expiry{{{SITE}}}": f"{15 * DAY}x20",
                **LATE,
                OF_LB1: f"{16 * DAY}x20",
                f"{ACME}_late_timestamp_seconds": "9e9x30",
            },
        ),
    ),
    Case(
        "CertificateRenewalFails",
        *one("tracseq_renewal_failed", f'{HOST},path="server.crt"', "1x6 _ 1x20", "1x5 0 1x20"),
        also_silent=({f'tracseq_renewal_failed{{{HOST},path="server.crt"}}': "_x4 1x20"},),
        at="8h",
        every="1h",
    ),
    Case(
        "CertificateAuthorityEnds",
        *one(
            "tracseq_certificate_ends_timestamp_seconds",
            f'{HOST},path="/etc/tracseq/certificate-authority/authority.crt"',
            100 * DAY,
            1000 * DAY,
        ),
    ),
    Case("PublicCertificateNotRenewed", *one(f"{ACME}_late_timestamp_seconds", HOST, 0, DAY)),
    Case(
        "PublicCertificateRenewalFails",
        *one(f"{ACME}_failures", HOST, "1x10 _ 2x40", "1x10 _ 0x2 1x40"),
        also_silent=({f"{ACME}_failures{{{HOST}}}": "_x20 1x40"},),
        at="8h",
        every="10m",
    ),
    Case(
        "SecurityUpdatesWait",
        {SECURITY: "2x20 _ 2x99", COLLECTED: "0x20 _ 0x99"},
        {f'apt_upgrades_pending{{{HOST},origin="Debian:bookworm/stable"}}': "2x99", COLLECTED: "0x99"},
        # Two were installed, and a day later two others wait; the host is a new one.
        also_silent=({SECURITY: "2x40 _x24 2x60", COLLECTED: "0x130"}, {SECURITY: "_x40 2x99", COLLECTED: "_x40 0x99"}),
        at="4d",
        every="1h",
    ),
    Case(
        "RebootNeeded",
        *one("node_reboot_required", HOST, "1x10 _ 1x40", "0x40"),
        also_silent=({COLLECTED: "_x10 1x40"},),
        at="8d",
        every="6h",
    ),
    Case("CollectedFileStale", *one("node_textfile_mtime_seconds", f'{HOST},file="/x/apt.prom"', -20_000, -5_000)),
    Case("PostgresDown", *one("pg_up", HOST, 0, 1)),
    Case(
        "PostgresNotMeasured",
        {f"pg_up{{{PRIMARY}}}": "1x30", **postgres("pg2", replica=1)},
        {**postgres("pg1", replica=0), **postgres("pg2", replica=1)},
        # Postgres itself is down.
        also_silent=({f"pg_up{{{PRIMARY}}}": "0x30"},),
    ),
    Case(
        "NoPrimary",
        {**postgres("pg1", well=0), **postgres("pg2", replica=1)},
        {**postgres("pg1", replica=0), **postgres("pg2", replica=1)},
        also_fires=(
            # The primary's host is gone; nobody knows whether it is.
            {**postgres("pg1", up=0, ping=0), **postgres("pg2", replica=1)},
            {'up{instance="pg1",job="postgres"}': "0x30", **postgres("pg2", replica=1)},
        ),
        also_silent=(
            # It is there, and only not measured: all of its host, or what one query asks.
            {**postgres("pg1", up=0), **postgres("pg2", replica=1)},
            {**postgres("pg1"), **postgres("pg2", replica=1)},
            {'up{instance="gw1",job="gateway"}': "1x30"},
        ),
    ),
    Case(
        "TwoPrimaries",
        {f"{REPLICA}{{{PRIMARY}}}": "0x30", f"{REPLICA}{{{STANDBY}}}": "0x30"},
        {f"{REPLICA}{{{PRIMARY}}}": "0x30", f"{REPLICA}{{{STANDBY}}}": "1x30"},
    ),
    Case(
        "ReplicaDoesNotStream",
        {f"{REPLICA}{{{STANDBY}}}": "1x30", f"tracseq_postgres_server_streams{{{STANDBY}}}": "0x30"},
        {f"{REPLICA}{{{STANDBY}}}": "1x30", f"tracseq_postgres_server_streams{{{STANDBY}}}": "1x30"},
        # Nobody follows a primary.
        also_silent=({f"{REPLICA}{{{PRIMARY}}}": "0x30", f"tracseq_postgres_server_streams{{{PRIMARY}}}": "0x30"},),
    ),
    Case("ReplicaIsBehind", *one("tracseq_postgres_replication_lag_bytes", f'{HOST},standby="pg2"', GB, GB // 8)),
    Case("ReplicaReplaysLate", *server("replay_lag_seconds", 600, 100)),
    Case(
        "SlotAlmostLost",
        share("tracseq_postgres_slot_retained_bytes", HOST, 9, "tracseq_postgres_slot_safe_bytes", 1),
        share("tracseq_postgres_slot_retained_bytes", HOST, 1, "tracseq_postgres_slot_safe_bytes", 2),
    ),
    Case("SlotLost", *one("tracseq_postgres_slot_lost", f'{HOST},slot="pg2"', 1, 0)),
    Case(
        "ConnectionsAlmostGone",
        share("tracseq_postgres_server_connections", HOST, 95, "tracseq_postgres_server_connections_limit", 100),
        share("tracseq_postgres_server_connections", HOST, 50, "tracseq_postgres_server_connections_limit", 100),
    ),
    Case("LongTransaction", *server("oldest_transaction_seconds", 3600, 600)),
    Case("TransactionIdsRunOut", *server("transaction_id_age", 1.5e9, 3e8)),
    Case("Deadlocks", *server("deadlocks", "0+1x30", "0x5 3x30")),
    Case(
        "SettingWaitsForRestart",
        *server("settings_waiting", "1x30", "0x30"),
        also_silent=(server("settings_waiting", "_x10 1x30", 0)[0],),
        at="30h",
        every="1h",
    ),
    Case(
        "BackupTooOld",
        *limited("newest_timestamp_seconds", "maximum_age_seconds", 108_000, "1x40", "86400x40"),
        at="32h",
        every="1h",
        also_silent=(limited("newest_timestamp_seconds", "maximum_age_seconds", 108_000, "0x40", "0x40")[0],),
    ),
    Case("NoBackup", *backup("newest_timestamp_seconds", "wal", "0x40", "1x40"), at="5h", every="1h"),
    Case(
        "ArchiveBehind", *limited("archived_until_timestamp_seconds", "maximum_behind_seconds", 900, 0, 1300), at="30m"
    ),
    Case(
        "BackupFailed",
        *backup("last_run_success", "full", 0, 1),
        also_silent=(backup("last_run_success", "restore", 0, 1)[0],),
    ),
    Case("DrillFailed", *backup("last_run_success", "drill", 0, 1)),
    Case(
        "DrillTooOld",
        {DRILL: "0x250", WATCHED: "0x250"},
        {DRILL: "172800x250", WATCHED: "0x250"},
        # There never was one.
        also_fires=({WATCHED: "0x250"},),
        also_silent=({WATCHED: "172800x250"},),
        at="9d",
        every="1h",
    ),
    Case(
        "BackupsNotWatched",
        {WATCH: "1x40"},
        {WATCH: "1x40", 'tracseq_backup_last_run_timestamp_seconds{instance="backup1",record="wal"}': "0x40"},
        also_silent=({WATCH.replace("watch", "copy"): "1x40"},),
        at="30m",
    ),
    Case("BackupMetricsStale", *limited("last_run_timestamp_seconds", "interval_seconds", 60, 0, 1350), at="30m"),
    Case("RedisDown", *one("redis_up", f'{HOST},job="redis"', 0, 1)),
    Case(
        "RedisWithoutMaster",
        {"redis_sentinel_masters": "1x30", 'redis_sentinel_master_status{master_status="odown"}': "1x30"},
        {"redis_sentinel_masters": "1x30", 'redis_sentinel_master_status{master_status="ok"}': "1x30"},
        # One Redis, and no Sentinel.
        also_silent=({"redis_up": "0x30"},),
    ),
    Case("RedisReplicaMissing", *one("redis_sentinel_master_ok_slaves", HOST, 1, 2)),
    Case("SentinelDown", *one("redis_up", f'{HOST},job="sentinel"', 0, 1)),
    Case("SentinelsDisagree", *one("redis_sentinel_master_ok_sentinels", HOST, 4, 3)),
    Case(
        "RedisMemoryAlmostGone",
        share("redis_memory_used_bytes", HOST, 95, "redis_memory_max_bytes", 100),
        share("redis_memory_used_bytes", HOST, 50, "redis_memory_max_bytes", 100),
    ),
    Case("RedisRefusesConnections", *one("redis_rejected_connections_total", HOST, "0+1x30", "3x30")),
    Case(
        "RedisDoesNotSave",
        *one("redis_aof_last_write_status", HOST, 0, 1),
        also_fires=({f"redis_aof_last_bgrewrite_status{{{HOST}}}": "0x30"},),
    ),
    budget("ErrorBudgetGoneInTwoDays", (60, 5), 0.02, 0.01, last=120),
    budget("ErrorBudgetGoneInFiveDays", (360, 30), 0.01, 0.005, last=480),
    budget("ErrorBudgetGoneInTenDays", (288, 24), 0.005, 0.002, last=360, every=5),
    budget("ErrorBudgetSpent", (288, 24), 0.002, 0.0005, last=320, every=15),
    Case("RequestsAreSlow", slow(0.5, 60), slow(0.99, 1000), at="20m", also_silent=(slow(0.5, 6),)),
    Case(
        "GatewayDown",
        gateway(blue=0),
        gateway(blue=1),
        # Since a release was brought out beside the first one, the green one is there too.
        also_fires=(gateway(green="1x5 0x25"),),
        # None was; nothing of the host is measured.
        also_silent=(gateway(green="0x30"), gateway(blue=0, node=0), gateway(green="1x5 0x25", node=0)),
    ),
    Case(
        "NoGateway",
        {'up{instance="gw1",job="gateway"}': "0x30", 'up{instance="gw2",job="gateway"}': "0x30", SITE_ANSWERS: "0x30"},
        {'up{instance="gw1",job="gateway"}': "0x30", 'up{instance="gw2",job="gateway"}': "1x30"},
        also_silent=(
            {'up{instance="gw1",job="gateway"}': "0x30", 'up{instance="gw1",job="gateway_green"}': "1x30"},
            # It is not measured, and users get answers.
            {'up{instance="gw1",job="gateway"}': "0x30", SITE_ANSWERS: "1x30"},
        ),
    ),
    Case(
        "ErrorsBeforeGateways",
        {**balancer(0.05), **requests(0.0, 57)},
        {**balancer(0.005), **requests(0.0, 60)},
        # No gateway has a series of errors before its first.
        also_fires=(balancer(0.05),),
        # The gateways know of them; there are few requests.
        also_silent=({**balancer(0.05), **requests(0.05, 60)}, {**balancer(1.0, 6), **requests(0.0, 6)}),
        at="30m",
    ),
    Case(
        "SlowBeforeGateways",
        {**balancer(0.0, below=0.5), **slow(0.99, 60)},
        {**balancer(0.0, below=0.945), **slow(0.99, 60)},
        also_silent=({**balancer(0.0, below=0.5), **slow(0.5, 60)}, {**balancer(0.0, 6, below=0.5), **slow(0.99, 6)}),
        at="25m",
    ),
    Case(
        "BreakerOpen",
        {'gateway_breaker_state{instance="gw1",service="sample"}': "2x30", **requests(1.0, 3)},
        {'gateway_breaker_state{instance="gw1",service="sample"}': "1x30", **requests(1.0, 3)},
        # Nobody asks for it: it stays open until somebody does.
        also_silent=({'gateway_breaker_state{instance="gw1",service="sample"}': "2x30", **requests(1.0, 0)},),
    ),
    # Once it has stopped to grow, it waits nonetheless.
    Case(
        "AuditEntriesWait",
        {'gateway_audit_oldest_seconds{instance="gw1"}': "0+60x60", 'gateway_audit_backlog{instance="gw1"}': "40x60"},
        {'gateway_audit_oldest_seconds{instance="gw1"}': "300x60"},
        also_silent=({'gateway_audit_oldest_seconds{instance="gw1"}': "0+60x19 0x40"},),
        at="20m",
    ),
    Case("AuditEntriesLost", *one("gateway_audit_lost_total", 'instance="gw1"', "0x10 7x20", "7x30")),
    Case(
        "SpansAreLost",
        {'gateway_trace_spans_total{instance="gw1",result="dropped"}': "0x5 1x30"},
        {'gateway_trace_spans_total{instance="gw1",result="dropped"}': "3x30"},
        also_silent=({'gateway_trace_spans_total{instance="gw1",result="sent"}': "0+9x30"},),
    ),
    Case("SpansWait", *one("gateway_trace_oldest_span_seconds", 'instance="gw1"', "0+60x30", 60)),
    Case("LimitsNotShared", *one("gateway_rate_limit_shared", 'instance="gw1"', 0, 1)),
    Case("GatewayWithoutDatabase", *one("gateway_database_connections", 'instance="gw1",state="open"', 0, 3)),
    Case(
        "ServiceDown",
        {f"probe_success{{{INSTANCE}}}": "0x30", f"probe_success{{{OTHER_INSTANCE}}}": "0x30"},
        {f"probe_success{{{INSTANCE}}}": "0x30", f"probe_success{{{OTHER_INSTANCE}}}": "1x30", **NOT_SERVICES},
    ),
    Case("ServiceInstanceDown", {f"probe_success{{{INSTANCE}}}": "0x30"}, NOT_SERVICES),
    Case("ServiceAnswersSlowly", *one("probe_duration_seconds", INSTANCE, 3, 0.3)),
    Case("RulesFail", *one("prometheus_rule_evaluation_failures_total", 'instance="mon1"', "0+1x30", "3x30")),
    Case(
        "ConfigurationRefused",
        *one("prometheus_config_last_reload_successful", 'instance="mon1"', 0, 1),
        also_fires=({'alertmanager_config_last_reload_successful{instance="mon1"}': "0x30"},),
    ),
    Case(
        "AlertsNotDelivered",
        # Alertmanager was restarted, which is over.
        *one("prometheus_notifications_dropped_total", 'instance="mon1"', "0+5x30", "0x13 5 10x15"),
    ),
    Case("AlertmanagersApart", alertmanagers(1, 1, 1), alertmanagers(1, 1, 2), also_silent=(alertmanagers(1, 0, 1),)),
    Case(
        "NotificationsFail",
        *one("alertmanager_notifications_failed_total", 'instance="mon1",integration="email"', "0+1x30", "3x30"),
    ),
    Case(
        "SamplesDropped",
        *one("prometheus_target_scrapes_exceeded_sample_limit_total", 'instance="mon1"', "0+1x30", "3x30"),
        also_fires=({'prometheus_target_scrapes_sample_duplicate_timestamp_total{instance="mon1"}': "0+1x30"},),
    ),
    Case("TextfileUnreadable", *one("node_textfile_scrape_error", HOST, 1, 0)),
)
"""All of them; ``Watchdog`` fires whatever there is."""


def of_files() -> dict[str, Path]:
    """The file of each alert that the rules have."""
    return {
        alert: path for path in sorted(RULES.glob("*.yml")) for alert in re.findall(r"- alert: (\w+)", path.read_text())
    }


def expressions() -> dict[str, str]:
    """The expression of each alert that the rules have."""
    return {
        alert: expression
        for path in sorted(RULES.glob("*.yml"))
        for alert, expression in EXPRESSION.findall(path.read_text())
    }


def document(case: Case, rules: str) -> str:
    """
    A file for ``promtool test rules``.

    Args:
        case: what is tried
        rules: name of the file with the rules, beside it
    """
    tests = {"rule_files": [rules], "evaluation_interval": case.every, "tests": list(case.tests())}
    return json.dumps(tests, indent=1)
