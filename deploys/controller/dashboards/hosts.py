"""Machines: processor, memory, disk, network, and what will keep them from working."""

from __future__ import annotations

from deploys.controller.dashboards.panel import Dashboard, Panel, Query, one

HOSTS = Dashboard(
    "hosts",
    "Hosts",
    "What each machine has left, and what its programs wait for.",
    (
        Panel(
            title="Processor in use",
            unit="share",
            queries=one('1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[$window]))', "{{instance}}"),
            bad_above=0.95,
        ),
        Panel(
            title="Memory left",
            unit="share",
            queries=one("node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes", "{{instance}}"),
            note="docs/operations/memory.md",
            bad_below=0.08,
        ),
        Panel(
            title="Disk left",
            unit="share",
            queries=one(
                "min by (instance, mountpoint)"
                ' (node_filesystem_avail_bytes{fstype!="tmpfs"} / node_filesystem_size_bytes)',
                "{{instance}} {{mountpoint}}",
            ),
            note="docs/operations/the-disk-is-full.md",
            bad_below=0.10,
        ),
        Panel(
            title="Time that programs wait for a processor",
            unit="share",
            queries=one("rate(node_pressure_cpu_waiting_seconds_total[$window])", "{{instance}}"),
            bad_above=0.5,
        ),
        Panel(
            title="Time that all wait for memory",
            unit="share",
            queries=one("rate(node_pressure_memory_stalled_seconds_total[$window])", "{{instance}}"),
            bad_above=0.1,
        ),
        Panel(
            title="Time that all wait for a disk",
            unit="share",
            queries=one("rate(node_pressure_io_stalled_seconds_total[$window])", "{{instance}}"),
            bad_above=0.4,
        ),
        Panel(
            title="Network",
            unit="bytes per second",
            queries=(
                Query(
                    'sum by (instance) (rate(node_network_receive_bytes_total{device!="lo"}[$window]))',
                    "{{instance}} received",
                ),
                Query(
                    'sum by (instance) (rate(node_network_transmit_bytes_total{device!="lo"}[$window]))',
                    "{{instance}} sent",
                ),
            ),
        ),
        Panel(
            title="Disks",
            unit="bytes per second",
            queries=(
                Query("sum by (instance) (rate(node_disk_read_bytes_total[$window]))", "{{instance}} read"),
                Query("sum by (instance) (rate(node_disk_written_bytes_total[$window]))", "{{instance}} written"),
            ),
        ),
        Panel(
            title="Units that have failed",
            unit="count",
            queries=one('sum by (instance) (node_systemd_unit_state{state="failed"})', "{{instance}}"),
            note="On the host: systemctl --failed names them.",
            bad_above=0.5,
        ),
        Panel(
            title="How far clocks are off",
            unit="seconds",
            queries=one("abs(node_time_seconds - timestamp(node_time_seconds))", "{{instance}}"),
            note="As the monitoring host sees it, with the time that the answer took. docs/operations/clocks.md",
            bad_above=3,
        ),
        Panel(
            title="Time until a certificate ends",
            unit="seconds",
            queries=one("min by (instance) (tracseq_certificate_ends_timestamp_seconds) - time()", "{{instance}}"),
            note="A host renews it by itself, where the site has an authority for that; else make deploy does.",
            bad_below=14 * 86400,
        ),
        Panel(
            title="Runs since",
            unit="seconds",
            queries=one("time() - node_boot_time_seconds", "{{instance}}"),
        ),
    ),
)
