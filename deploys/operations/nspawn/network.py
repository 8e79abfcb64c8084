"""The bridge that the lab's machines share, their way out, and the way in for who runs them."""

from __future__ import annotations

import os
from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand, operation
from pyinfra.facts.files import File

from deploys.facts.nspawn import Network
from deploys.operations.nspawn.boot import CGROUP_TREES
from deploys.settings import lab


@operation()
def bridge(present: bool = True) -> Generator[StringCommand]:
    """
    The lab's bridge, this machine's addresses on it, and the way out for the lab's machines.

    + present: whether it should be there at all; without it, the lab's directory goes too
    """
    current = host.get_fact(Network, bridge=lab.BRIDGE, address=lab.GATEWAY, directory=str(lab.DIRECTORY))
    rules = (
        ("nat", "POSTROUTING", f"-s {lab.NETWORK} ! -o {lab.BRIDGE} -j MASQUERADE"),
        # A firewall of this machine that drops what it forwards would cut the lab off.
        ("filter", "FORWARD", f"-i {lab.BRIDGE} -j ACCEPT"),
        (
            "filter",
            "FORWARD",
            f"-o {lab.BRIDGE} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        ),
    )
    mark = f"-m comment --comment {lab.BRIDGE}"
    drop = [
        f"while iptables -t {table} -D {chain} {mark} {rule} 2>/dev/null; do :; done" for table, chain, rule in rules
    ]
    forwarding = lab.DIRECTORY / "ip_forward"
    if not present:
        if not current:
            host.noop("there is no network of the lab")
            return
        yield StringCommand(
            "\n".join(
                [
                    *drop,
                    f"ip link delete {lab.BRIDGE} 2>/dev/null || true",
                    f"for tree in {CGROUP_TREES}; do rmdir $tree/{lab.BRIDGE} 2>/dev/null || true; done",
                    f"cat {forwarding} > /proc/sys/net/ipv4/ip_forward 2>/dev/null || true",
                    f"rm -rf {lab.DIRECTORY}",
                ]
            )
        )
        return
    if {"bridge", "address", "nat"} <= set(current):
        host.noop(f"the bridge {lab.BRIDGE} is up")
        return
    yield StringCommand(
        "\n".join(
            [
                "set -eu",
                f"install -d -m 0755 {lab.DIRECTORY}",
                *drop,
                f"ip link show dev {lab.BRIDGE} >/dev/null 2>&1 || ip link add {lab.BRIDGE} type bridge",
                f"ip address replace {lab.GATEWAY}/24 dev {lab.BRIDGE}",
                f"ip -6 address replace {lab.GATEWAY6}/64 dev {lab.BRIDGE} nodad",
                f"ip link set {lab.BRIDGE} up",
                f"[ -e {forwarding} ] || cat /proc/sys/net/ipv4/ip_forward > {forwarding}",
                "echo 1 > /proc/sys/net/ipv4/ip_forward",
                *(f"iptables -t {table} -I {chain} {mark} {rule}" for table, chain, rule in rules),
            ]
        )
    )


@operation()
def ssh_identity() -> Generator[StringCommand]:
    """The key pair with which whoever runs this logs in to the lab's machines."""
    if host.get_fact(File, path=str(lab.SSH_KEY)):
        host.noop("the lab has its key pair")
        return
    owner = f"-o {os.getuid()} -g {os.getgid()}"
    yield StringCommand(
        f"""
set -eu
install -d -m 0755 {lab.DIRECTORY}
install -d -m 0700 {owner} {lab.SSH_KEY.parent}
ssh-keygen -q -t ed25519 -N '' -C tracseq-lab -f {lab.SSH_KEY}
touch {lab.KNOWN_HOSTS}
chown -R {os.getuid()}:{os.getgid()} {lab.SSH_KEY.parent}
"""
    )
