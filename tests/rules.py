"""What each rule must say of which metrics: a case in which it fires, and one in which it is silent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

RULES = Path("files/monitoring/rules")
THRESHOLD = re.compile(r"(?<=[<>] )(?!0\b(?!\.))[\d.]+(?:e\d+)?|(?<=[<>]= )[\d.]+")
"""A number that a rule compares with, but 0: there is no tenfold of it."""

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
    """

    alert: str
    fires: Series
    silent: Series
    at: str = "15m"
    every: str = "1m"
    also_silent: tuple[Series, ...] = ()

    def tests(self) -> Iterator[dict[str, object]]:
        """All of them as promtool's tests."""
        for series, number in ((self.fires, 1), *((series, 0) for series in (self.silent, *self.also_silent))):
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


def requests(failed: float, per_step: float = 1000) -> Series:
    """Requests by status, of which this share fails: so many between two values."""
    bad = per_step * failed
    return {
        'http_requests_total{instance="gw1",service="sample",status="200"}': f"0+{per_step - bad:.6f}x500",
        'http_requests_total{instance="gw1",service="sample",status="500"}': f"0+{bad:.6f}x500",
    }


def budget(alert: str, steps: int, failed: float, well: float, at: str, every: str = "1m") -> Case:
    """A rule of the error budget: a few hundred requests within its longer window suffice, and a few dozen do not."""
    few = (requests(1.0, 30 / steps),)
    return Case(alert, requests(failed, 300 / steps), requests(well), at=at, every=every, also_silent=few)


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
UP = {'up{job="postgres",instance="pg1"}': "1x30"}


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


ACME = "tracseq_acme"
KEEPALIVED = 'instance="lb1",name="keepalived.service",state="active"'


CASES = (
    Case("VirtualAddressOnNoHost", shared(), shared("lb2")),
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
        *one("up", 'instance="pg1",job="redis"', 0, 1),
        also_silent=({'up{instance="app1",job="services",service="sample",port="8081"}': "0x30"},),
    ),
    Case(
        "DiskAlmostFull",
        share("node_filesystem_avail_bytes", DISK, 5, "node_filesystem_size_bytes", 100, DISK_WRITABLE),
        share("node_filesystem_avail_bytes", DISK, 20, "node_filesystem_size_bytes", 100, DISK_WRITABLE),
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
    Case("SiteDoesNotAnswer", *one("probe_success", SITE, 0, 1)),
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
        at="8h",
        every="10m",
    ),
    Case(
        "SecurityUpdatesWait",
        {f'apt_upgrades_pending{{{HOST},origin="Debian:bookworm-security/stable-security"}}': "2x20 _ 2x99"},
        {f'apt_upgrades_pending{{{HOST},origin="Debian:bookworm/stable"}}': "2x99"},
        at="4d",
        every="1h",
    ),
    Case(
        "RebootNeeded",
        *one("node_reboot_required", HOST, "1x10 _ 1x40", "0x40"),
        at="8d",
        every="6h",
    ),
    Case("CollectedFileStale", *one("node_textfile_mtime_seconds", f'{HOST},file="/x/apt.prom"', -20_000, -5_000)),
    Case("PostgresDown", *one("pg_up", HOST, 0, 1)),
    Case("NoPrimary", {f"{REPLICA}{{{STANDBY}}}": "1x30", **UP}, {f"{REPLICA}{{{PRIMARY}}}": "0x30", **UP}),
    Case(
        "TwoPrimaries",
        {f"{REPLICA}{{{PRIMARY}}}": "0x30", f"{REPLICA}{{{STANDBY}}}": "0x30"},
        {f"{REPLICA}{{{PRIMARY}}}": "0x30", f"{REPLICA}{{{STANDBY}}}": "1x30"},
    ),
    Case(
        "ReplicaDoesNotStream",
        {f"{REPLICA}{{{STANDBY}}}": "1x30", f"tracseq_postgres_server_streams{{{STANDBY}}}": "0x30"},
        {f"{REPLICA}{{{STANDBY}}}": "1x30", f"tracseq_postgres_server_streams{{{STANDBY}}}": "1x30"},
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
    Case("DrillTooOld", *backup("last_run_timestamp_seconds", "drill", "0x250", "172800x250"), at="9d", every="1h"),
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
    Case("RedisDoesNotSave", *one("redis_aof_last_write_status", HOST, 0, 1)),
    budget("ErrorBudgetGoneInTwoDays", 60, 0.02, 0.01, at="2h"),
    budget("ErrorBudgetGoneInFiveDays", 360, 0.01, 0.005, at="8h"),
    budget("ErrorBudgetGoneInTenDays", 288, 0.005, 0.002, at="30h", every="5m"),
    budget("ErrorBudgetSpent", 288, 0.002, 0.0005, at="80h", every="15m"),
    Case("RequestsAreSlow", slow(0.5, 60), slow(0.99, 1000), at="20m", also_silent=(slow(0.5, 6),)),
    Case("GatewayDown", *one("up", 'instance="gw1",job="gateway"', 0, 1)),
    Case(
        "GatewayDown",
        {'up{instance="gw1",job="gateway_green"}': "1x5 0x25"},
        # No release was brought out beside the first one yet.
        {'up{instance="gw1",job="gateway_green"}': "0x30"},
    ),
    Case(
        "NoGateway",
        {'up{instance="gw1",job="gateway"}': "0x30", 'up{instance="gw2",job="gateway"}': "0x30"},
        {'up{instance="gw1",job="gateway"}': "0x30", 'up{instance="gw2",job="gateway"}': "1x30"},
        also_silent=({'up{instance="gw1",job="gateway"}': "0x30", 'up{instance="gw1",job="gateway_green"}': "1x30"},),
    ),
    Case(
        "ErrorsBeforeGateways",
        {**balancer(0.05), **requests(0.0, 57)},
        {**balancer(0.005), **requests(0.0, 60)},
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
    Case("ConfigurationRefused", *one("prometheus_config_last_reload_successful", 'instance="mon1"', 0, 1)),
    Case("NoAlertmanager", *one("prometheus_notifications_alertmanagers_discovered", 'instance="mon1"', 0, 1)),
    Case(
        "NotificationsFail",
        *one("alertmanager_notifications_failed_total", 'instance="mon1",integration="email"', "0+1x30", "3x30"),
    ),
    Case(
        "SamplesDropped",
        *one("prometheus_target_scrapes_exceeded_sample_limit_total", 'instance="mon1"', "0+1x30", "3x30"),
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


def changed(text: str, alert: str) -> Iterator[tuple[str, str]]:
    """
    The rules with one threshold of an alert changed tenfold, up and down, each with what was changed.

    Args:
        text: of the file
        alert: the alert
    """
    begin = text.index(f"- alert: {alert}\n")
    end = text.find("- alert: ", begin + 1)
    rule = text[begin : end if end > 0 else len(text)]
    expression, rest = rule.split("        labels:", 1)
    for number in sorted(set(THRESHOLD.findall(expression))):
        for factor in (10, 0.1):
            pattern = rf"(?<=[<>] ){re.escape(number)}(?![\d.])|(?<=[<>]= ){re.escape(number)}(?![\d.])"
            other = re.sub(pattern, f"{float(number) * factor:g}", expression)
            assert other != expression
            yield f"{alert}: {number} x {factor:g}", text.replace(rule, f"{other}        labels:{rest}")
