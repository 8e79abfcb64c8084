"""The lab's site with two load balancers that share an address, and who visits it while something happens to one."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests import lab, owners
from tests.client import base
from tests.inventory import group
from tests.ledger import SERVICE
from tests.owners import EVERY, Owners

INVENTORY = "inventories/lab_virtual_address.py"
BALANCERS = ("lb1", "lb2")
SECOND = "lb2"
DIRECTORY, UNIT = "/run/visitor", "tracseq-test-visitor"
PROGRAM = Path("tests/scenarios/services/visitor.py")
DATA = group("load_balancers", INVENTORY)[0].data
ADDRESSES = (DATA["virtual_address"], DATA["virtual_address6"])
STEADY = 2.0
"""Seconds after whatever happens from which on every visitor is answered, by one."""


@dataclass(frozen=True)
class Visit:
    """A visitor's request, in seconds of the monotonic clock."""

    address: str
    begin: float
    end: float
    answer: str

    @property
    def failed(self) -> bool:
        return self.answer != "200"


@dataclass
class Watch:
    """What visitors got, and who said that the address is its own."""

    owners: Owners
    visits: list[Visit] = field(default_factory=list)
    """Known once the watch has ended."""

    def failed(self, since: float = 0.0) -> list[Visit]:
        """The visits from a moment on that were not answered as they should be."""
        return [one for one in self.visits if one.failed and one.begin >= since]

    def lasted(self) -> float:
        """For how long visits failed, in seconds."""
        begins = sorted(one.begin for one in self.failed())
        return begins[-1] - begins[0] + EVERY if begins else 0.0

    def told(self, what: str) -> None:
        """Print the figures."""
        print(
            f"\n{what}: {len(self.failed())} of {len(self.visits)} visits failed, within {self.lasted():.2f} s",
            flush=True,
        )


@contextmanager
def two_balancers() -> Iterator[None]:
    """The lab's site with a second load balancer; afterwards it is the lab's site again."""
    lab.up(SECOND, inventory=INVENTORY)
    made = lab.site(inventory=INVENTORY)
    assert made.code == 0, made.output
    lab.eventually(owner)
    yield
    # A case that failed may have left one switched off.
    lab.up(inventory=INVENTORY)
    lab.destroy(SECOND)
    gone = lab.site()
    assert gone.code == 0, gone.output


@contextmanager
def watched(every: float = EVERY, trusted: str = "") -> Iterator[Watch]:
    """
    Visit the site by both of its addresses while the block runs, and ask who has the first.

    Args:
        every: seconds between two visits of an address
        trusted: roots that visitors trust beside the site's own, as PEM text
    """
    _, headers = base(INVENTORY)
    directory = DATA["authority_directory"].format(environment=DATA["environment"])
    authority = Path(f"{directory}/authority.crt").read_text() + trusted
    given = " ".join(map(shlex.quote, [f"{DIRECTORY}/authority.crt", headers["Host"], str(every)]))
    visits = f"{DIRECTORY}/visits"
    lab.ssh(
        SERVICE,
        f"systemctl stop {UNIT} 2>/dev/null; rm -rf {DIRECTORY}; mkdir -p {DIRECTORY}\n"
        # A machine outside of the site that nothing has been asked of yet has none.
        "command -v python3 >/dev/null || { apt-get update -qq; apt-get install -yqq python3 >/dev/null; }\n"
        f"cat > {DIRECTORY}/authority.crt <<'PEM'\n{authority}PEM\n"
        f"cat > {DIRECTORY}/visitor.py <<'PYTHON'\n{PROGRAM.read_text()}PYTHON\n"
        f"systemd-run --quiet --collect --unit={UNIT} python3 {DIRECTORY}/visitor.py {given} {visits} "
        + " ".join(ADDRESSES),
    )
    lab.eventually(lambda: lab.ssh(SERVICE, f"wc -l < {visits}").strip() not in ("", "0"))
    with owners.watched(ADDRESSES[0]) as found:
        watch = Watch(found)
        time.sleep(1)
        yield watch
        time.sleep(1)
    # What is under way ends, or fails, within the time of a visit.
    said = lab.ssh(SERVICE, f"sleep 1.5; systemctl stop {UNIT}; cat {visits}").splitlines()
    for line in said:
        address, begin, end, answer = line.split()
        watch.visits.append(Visit(address, float(begin), float(end), answer))
    assert watch.visits, "nobody visited the site"


def having() -> list[str]:
    """The load balancers that have both addresses."""
    shown = {name: lab.ssh(name, "ip -o address show", inventory=INVENTORY) for name in BALANCERS if lab.running(name)}
    return [name for name, text in shown.items() if all(f" {address}/" in text for address in ADDRESSES)]


def owner() -> str:
    """The one load balancer that has them."""
    (one,) = having()
    return one


def hardware(name: str) -> str:
    """The hardware address of a machine."""
    return lab.ssh(name, "cat /sys/class/net/host0/address", inventory=INVENTORY).strip()


def ready(name: str) -> bool:
    """Whether a load balancer would take the address over."""
    units = "systemctl is-active keepalived nginx"
    return lab.ssh(name, f"{units}; true", inventory=INVENTORY).split() == ["active", "active"]
