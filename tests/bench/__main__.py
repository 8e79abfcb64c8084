"""
How fast is it, beside what the machines could do?

    make bench                      machines of its own beside the lab's, taken away after it
    make bench BENCH="--ansible"    and the same site's no-op in Ansible, and in Ansible with Mitogen

Everything that is compared runs interleaved in one run, several times, and medians are compared:
the ratios hold on a busy machine too, where the seconds do not.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests import lab
from tests.bench import ansible, floor, services
from tests.bench.measure import Sample, median, shells, site
from tests.bench.rows import Row, compared, interleaved, table
from tests.inventory import hosts, ssh_config
from tests.lab import pyinfra

MANY = "inventories/lab_bench_50.py"
ONE_FILE = "request_rate"
"""A value that is in one file of one role."""
EVERYWHERE = "journal_retention"
"""A value that is in one file of every host."""


def bare(inventory: str) -> list[Row]:
    """From bare machines to a running site; leaves the site running."""
    config = ssh_config(inventory)
    names = list(hosts(inventory))

    def anew() -> None:
        lab.destroy(*names)
        lab.up(inventory=inventory, owned=True)
        shells(config, dict.fromkeys(names, "systemctl is-system-running --wait || true\n"))

    anew()
    least = shells(config, floor.installs(inventory))
    anew()
    run = site(inventory)
    print(Path(".state/bench/output-0").read_text().partition("--> What took")[2])
    return [Row("bare hosts to running site", least.seconds, run.seconds, 1.5, run)]


def converged(inventory: str, repeat: int, beside_ansible: bool) -> list[Row]:
    """What a site that is as it should be costs, and one that is almost."""
    config, names = ssh_config(inventory), list(hosts(inventory))
    one = names[-1]
    reads, reads_of_one = floor.reads(inventory), floor.reads(inventory, "--limit", one)
    others = ansible.measurements(inventory, config, reads) if beside_ansible else {}
    rate = [2000]

    def another_rate() -> Sample:
        rate[0] += 1
        return site(inventory, "--data", f"{ONE_FILE}={rate[0]}")

    def another_retention() -> Sample:
        rate[0] += 1
        return site(inventory, "--data", f"{EVERYWHERE}={rate[0]}d")

    taken = interleaved(
        repeat,
        {
            "floor": lambda: shells(config, reads),
            "nothing": lambda: site(inventory),
            "floor of one": lambda: shells(config, reads_of_one),
            "one host": lambda: site(inventory, "--limit", one),
            "one file": another_rate,
            "one file everywhere": another_retention,
            # Both are changed back, which is not measured.
            "changed back": lambda: site(inventory),
            **others,
        },
    )
    nothing = median(taken["nothing"])
    return [
        compared(f"nothing to change, {len(names)} hosts", taken, "floor", "nothing", 1.5),
        compared("nothing to change, one host", taken, "floor of one", "one host", 1.8),
        Row("executions per declared operation", declared(inventory), nothing.executions, 1.2, unit=""),
        compared("one file changed in one role", taken, "nothing", "one file", 1.3),
        compared("one file changed on every host", taken, "nothing", "one file everywhere"),
        *(compared(f"nothing to change, {name}, beside ssh", taken, "floor", name) for name in others),
    ]


def declared(inventory: str) -> int:
    """How many operations of roles the site's hosts have, all of them together; a barrier is none."""
    operations = pyinfra("-y", "--json", inventory, "deploys/site.py").json["results"]["operations"]
    return sum(one["hosts"] for one in operations if " | " in one["name"])


def many(inventory: str, repeat: int) -> list[Row]:
    """What the same costs with fifty hosts, of which most have no role."""
    few, all_of_them = list(hosts(inventory)), list(hosts(MANY))
    lab.up(inventory=MANY, owned=True)
    site(MANY)
    limit = [word for name in few for word in ("--limit", name)]
    taken = interleaved(repeat, {"few": lambda: site(MANY, *limit), "many": lambda: site(MANY)})
    run = median(taken["many"])
    times = len(all_of_them) / len(few)
    return [
        compared(f"{len(all_of_them)} hosts beside {len(few)}", taken, "few", "many", times),
        Row(f"controller CPU per host, {len(all_of_them)} hosts", 0.08, run.cpu / len(all_of_them), 1.0),
        Row(f"controller memory, {len(all_of_them)} hosts", 400.0, run.memory / 1e6, 1.0, unit=" MB"),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure the site on a lab of its own.")
    parser.add_argument("--inventory", default="inventories/lab_bench.py", help="whose machines to measure")
    parser.add_argument("--repeat", type=int, default=5, help="how often each thing is measured")
    parser.add_argument("--parts", default="bare,converged,many,services", help="which parts, of these")
    parser.add_argument("--ansible", action="store_true", help="also in Ansible, and in Ansible with Mitogen")
    arguments = parser.parse_args()
    Path(".state/bench").mkdir(mode=0o700, parents=True, exist_ok=True)
    parts = arguments.parts.split(",")
    rows: list[Row] = []
    try:
        if "bare" in parts:
            rows += bare(arguments.inventory)
        else:
            lab.up(inventory=arguments.inventory, owned=True)
            site(arguments.inventory)
        if "converged" in parts:
            rows += converged(arguments.inventory, arguments.repeat, arguments.ansible)
        if "many" in parts:
            rows += many(arguments.inventory, arguments.repeat)
        if "services" in parts:
            rows += services.measured(arguments.inventory, arguments.repeat)
    finally:
        print(f"\n{table(rows)}")
        lab.destroy(*hosts(MANY if "many" in parts else arguments.inventory))
    return 0


if __name__ == "__main__":
    sys.exit(main())
