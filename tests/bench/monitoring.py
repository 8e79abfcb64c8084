"""
What it costs to be watched over: hosts, gateways, runs and the disk of Prometheus, beside the same without it.

    make bench-monitoring        on the lab, with two monitoring hosts that it brings and takes away; about half an hour

What is compared runs in turn, several times: the ratios hold on a busy machine, too.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests import lab, rate
from tests.bench.measure import site
from tests.inventory import group, hosts
from tests.ledger import SERVICE
from tests.scenarios.monitoring import ANSWERS, INVENTORY, WATCHERS, asked, watched_site

WITHOUT = Path(".state/bench/without_monitoring.py")
ROLES = ("log_host", "journal", "exporters", "monitoring", "pages", "dead_mans_switch")
UNITS = (
    "prometheus-node-exporter prometheus-postgres-exporter prometheus-redis-exporter mtail prometheus-exporter-exporter"
)
USED = """
for unit in {units}; do
  cat /sys/fs/cgroup/system.slice/$unit.service/cgroup.procs /sys/fs/cgroup/*/system.slice/$unit.service/cgroup.procs
done 2>/dev/null | sort -u | while read pid; do
  awk -v hz=$(getconf CLK_TCK) '{{ print "cpu", ($14 + $15) / hz }}' /proc/$pid/stat
  sed -n 's/^Pss: *\\([0-9]*\\) kB/pss \\1/p' /proc/$pid/smaps_rollup
done
"""
DAY, INTERVAL = 86_400, 15


def used(name: str, units: str = UNITS) -> tuple[float, float]:
    """Seconds of a processor that units of a host have used, and their memory in MB, what is shared by its part."""
    words = [line.split() for line in lab.ssh(name, USED.format(units=units), inventory=INVENTORY).splitlines()]
    sums = {what: sum(float(value) for key, value in words if key == what) for what in ("cpu", "pss")}
    return sums["cpu"], sums["pss"] / 1024


def row(what: str, found: str, goal: str, well: bool) -> None:
    """Print a line of the result."""
    print(f"    {what:<52} {found:>26}   {goal}{'' if well else '   MISSED'}", flush=True)


def of_hosts(seconds: int) -> None:
    """What a host's own exporters take while they are asked as often as by default, and nothing else happens."""
    before = {name: used(name)[0] for name in hosts(INVENTORY)}
    time.sleep(seconds)
    for name, cpu in before.items():
        after, memory = used(name)
        # The lab asks more often than a site does, and two ask each.
        asked_every = hosts(INVENTORY)[WATCHERS[0]].data["scrape_interval"]
        share = 100 * (after - cpu) / seconds * float(str(asked_every).removesuffix("s")) / INTERVAL
        row(
            f"exporters of {name}",
            f"{memory:.0f} MB, {share:.2f} % of a core",
            "60 MB, 1 %",
            memory <= 60 and share <= 1,
        )


def of_gateways(repeat: int, at: int) -> None:
    """What a request costs the gateways, with Prometheus and without: their processor time limits throughput."""
    lab.ssh(SERVICE, f"systemctl stop {ANSWERS}")
    rate.serve()
    gateways = [host.name for host in group("gateways", INVENTORY)]

    def cost(prometheus: str) -> float:
        for watcher in WATCHERS:
            lab.ssh(watcher, f"systemctl {prometheus} prometheus", inventory=INVENTORY)
        before = sum(used(name, "tracseq-gateway")[0] for name in gateways)
        took, _ = asyncio.run(rate.load(at, 10))
        return (sum(used(name, "tracseq-gateway")[0] for name in gateways) - before) / len(took)

    taken = in_turn(repeat, {"stop": lambda: cost("stop"), "start": lambda: cost("start")})
    more = taken["start"] / taken["stop"] - 1
    row("a request, for the gateways", f"{100 * more:+.1f} %", "2 %", more <= 0.02)
    rate.serve_no_more()


def of_runs(repeat: int) -> None:
    """What a run that changes nothing takes, with all roles and without those that watch over the site."""
    WITHOUT.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = Path(lab.SITE).read_text().splitlines(keepends=True)
    WITHOUT.write_text("".join(line for line in lines if not line.startswith(tuple(f"roles.{one}." for one in ROLES))))
    taken = in_turn(
        repeat,
        {
            "without": lambda: site(INVENTORY, deploy=str(WITHOUT)).seconds,
            "with": lambda: site(INVENTORY).seconds,
        },
    )
    more = taken["with"] / taken["without"] - 1
    row("a run that changes nothing", f"{100 * more:+.0f} %, {taken['with']:.1f} s", "15 %", more <= 0.15)


def of_disk() -> None:
    """What Prometheus' disk takes for a month: the series of a host, and the bytes of a value as it wrote them."""
    of_site = float(asked("query", query="prometheus_tsdb_head_series")["result"][0]["value"][1])
    values = "sum(prometheus_tsdb_compaction_chunk_samples_sum)", "sum(prometheus_tsdb_compaction_chunk_size_bytes_sum)"
    written = [asked("query", query=value)["result"] for value in values]
    numbers = [float(one[0]["value"][1]) if one else 0.0 for one in written]
    # Prometheus writes a block after two hours; its own documentation says 1 to 2 bytes (Storage, Operational aspects).
    size = numbers[1] / numbers[0] if numbers[0] else 2.0
    of_host = of_site / len(hosts(INVENTORY))
    known = "" if numbers[0] else " (its documentation)"
    print(f"    {of_site:.0f} series of {len(hosts(INVENTORY))} hosts; {size:.2f} bytes a value{known}")
    for count in (10, 50):
        needed = count * of_host * 30 * DAY / INTERVAL * size / 1e9
        row(
            f"30 days of {count} hosts, asked every {INTERVAL} s",
            f"{needed:.1f} GB",
            "8 GB by default",
            needed <= 8 or count > 10,
        )


def in_turn(repeat: int, measurements: dict[str, Callable[[], float]]) -> dict[str, float]:
    """The median of each measurement; they take turns."""
    taken: dict[str, list[float]] = {name: [] for name in measurements}
    for _ in range(repeat):
        for name, measure in measurements.items():
            taken[name].append(measure())
    return {name: statistics.median(values) for name, values in taken.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", default="hosts,runs,gateways,disk")
    parser.add_argument("--repeat", type=int, default=5, help="how often what is compared is measured")
    parser.add_argument("--seconds", type=int, default=60, help="for how long hosts are looked at")
    parser.add_argument("--rate", type=int, default=300, help="requests a second, for the gateways")
    arguments = parser.parse_args()
    parts = {
        "hosts": lambda: of_hosts(arguments.seconds),
        "runs": lambda: of_runs(arguments.repeat),
        "gateways": lambda: of_gateways(arguments.repeat, arguments.rate),
        "disk": of_disk,
    }
    with watched_site():
        for part in arguments.parts.split(","):
            parts[part]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
