"""The lab's words: a root file system, a network, and machines booted from the one on the other."""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Generator, Mapping, Sequence

from pyinfra import host
from pyinfra.api import StringCommand, operation
from pyinfra.facts.files import File

from deploys.facts.nspawn import Machines, Network, RootFileSystems
from deploys.settings import lab

# Machines of the lab share two cores and are thrown away: dpkg need not wait for a disk, and every
# machine would wait for the others' apt timers.
PREPARATION = """
chroot "$1" apt-get install --yes --download-only --no-install-recommends {packages}
chroot "$1" systemctl enable systemd-networkd.service ssh.service
chroot "$1" systemctl disable apt-daily.timer apt-daily-upgrade.timer
chroot "$1" systemctl mask systemd-networkd-wait-online.service systemd-network-generator.service
chroot "$1" useradd --create-home --shell /bin/bash {user}
install -d -m 0700 -o 1000 -g 1000 "$1/home/{user}/.ssh"
echo '{user} ALL=(ALL) NOPASSWD: ALL' > "$1/etc/sudoers.d/{user}"
echo force-unsafe-io > "$1/etc/dpkg/dpkg.cfg.d/lab"
rm -f "$1"/etc/ssh/ssh_host_* "$1/etc/hostname"
: > "$1/etc/machine-id"
"""


CGROUP_TREES = "/sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd"
"""Where the cgroups that systemd uses may be mounted: version 2, mixed, version 1 (cgroups(7))."""


def root_key(suite: str, packages: Sequence[str], archive: Sequence[str]) -> str:
    """The name that a root file system has in the cache: its suite and a digest of what it is made of."""
    made_of = "\n".join((PREPARATION, *packages, *archive)).encode()
    return f"{suite}-{hashlib.sha256(made_of).hexdigest()[:12]}"


@operation()
def root_filesystem(
    suite: str, include: Sequence[str], keep: Sequence[str], archive: Sequence[str]
) -> Generator[StringCommand]:
    """
    Have the root file system of a Debian release in the cache, as a bare machine has it.

    + suite: ``bookworm`` or ``trixie``
    + include: packages that the bare machine has
    + keep: packages whose files it only keeps, with all they depend on, so that each is fetched
      from the mirror once and not once a host
    + archive: addresses of the Debian archive and, if there is one, of the security archive

    **Example:**

    .. code:: python

        nspawn.root_filesystem(
            name="Root file system",
            suite="bookworm",
            include=["systemd-sysv"],
            keep=["nginx"],
            archive=["http://mirror.example.org/debian"],
        )
    """
    key = root_key(suite, keep, archive)
    if key in host.get_fact(RootFileSystems, directory=str(lab.CACHE)):
        host.noop(f"the root file system {key} is complete")
        return
    target = lab.CACHE / key
    sources = [f"deb {archive[0]} {suite} main", f"deb {archive[0]} {suite}-updates main"]
    sources += [f"deb {address} {suite}-security main" for address in archive[1:]]
    hook = PREPARATION.format(packages=" ".join(keep), user=lab.USER)
    yield StringCommand(
        f"""
set -eu
install -d -m 0755 {lab.CACHE}
rm -rf {target} {target}.partial
mmdebstrap --quiet --variant=minbase --skip=cleanup/apt \\
  --include={",".join(include)} \\
  --customize-hook={shlex.quote("set -eu" + hook)} \\
  {suite} {target}.partial {" ".join(shlex.quote(source) for source in sources)}
install -d {target}
mv {target}.partial {target}/root
touch {target}/complete
"""
    )


@operation()
def network(present: bool = True) -> Generator[StringCommand]:
    """
    The lab's bridge, this machine's addresses on it, and the way out for the lab's machines.

    + present: whether it should be there at all
    """
    there = host.get_fact(Network, bridge=lab.BRIDGE, address=lab.GATEWAY)
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
        if not there:
            host.noop("there is no network of the lab")
            return
        yield StringCommand(
            "\n".join(
                [
                    *drop,
                    f"ip link delete {lab.BRIDGE} 2>/dev/null || true",
                    f"for tree in {CGROUP_TREES}; do rmdir $tree/{lab.BRIDGE} 2>/dev/null || true; done",
                    f"cat {forwarding} > /proc/sys/net/ipv4/ip_forward 2>/dev/null || true",
                ]
            )
        )
        return
    if len(there) == 3:
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


@operation()
def machines(wanted: Sequence[lab.Machine], roots: Mapping[str, str]) -> Generator[StringCommand]:
    """
    Machines that run and answer SSH.

    A machine that was killed, or whose process died with its mounts left behind, boots again
    from its own disk. One that was made from another root file system is made anew.

    + wanted: the machines
    + roots: for each suite the key of its root file system

    **Example:**

    .. code:: python

        nspawn.machines(name="Machines boot", wanted=[pg2], roots={"bookworm": key})
    """
    there = host.get_fact(Machines, directory=str(lab.DIRECTORY / "machines"))
    down = [
        machine
        for machine in wanted
        if machine.name not in there
        or not there[machine.name].running
        or there[machine.name].root != roots[machine.suite]
    ]
    if not down:
        host.noop("all machines run")
        return
    for machine in down:
        root = roots[machine.suite]
        fresh = machine.name not in there or there[machine.name].root != root
        steps = [stop(machine.name), make(machine, root) if fresh else "", start(machine, root)]
        yield StringCommand("set -eu", *steps, _separator="\n")
    yield StringCommand(*(wait(machine) for machine in down), _separator="\n")


@operation()
def machines_absent(wanted: str | None = None) -> Generator[StringCommand]:
    """
    Machines that are gone, with their disks, mounts and processes.

    + wanted: their names, separated by commas; without it every machine there is

    **Example:**

    .. code:: python

        nspawn.machines_absent(name="pg2 burns down", wanted="pg2")
    """
    there = host.get_fact(Machines, directory=str(lab.DIRECTORY / "machines"))
    names = [name for name in (wanted.split(",") if wanted else there) if name in there]
    if not names:
        host.noop("none of these machines is there")
    for name in names:
        yield StringCommand(stop(name), f"rm -rf {lab.machine_directory(name)}", _separator="\n")


def stop(name: str) -> str:
    """Shell: end whatever is left of a machine, like pulling its plug, and unmount its root."""
    # Its first process takes every other one of its process namespace with it. Where systemd-nspawn
    # itself was killed, that process may still be there: it is known by the file in its root.
    directory = lab.machine_directory(name)
    return f"""
for process in /proc/[0-9]*; do
  if [ -e $process/root/etc/tracseq-lab/{name} ]; then
    kill -9 ${{process#/proc/}} 2>/dev/null || true
  fi
done
pid=$(cat {directory}/pid 2>/dev/null || echo 0)
if tr '\\0' ' ' < /proc/$pid/cmdline 2>/dev/null | grep -q -e '-M {name} '; then
  kill $pid 2>/dev/null || true
  n=0; while [ -e /proc/$pid ] && [ $n -lt 50 ]; do n=$((n+1)); sleep 0.1; done
  kill -9 $pid 2>/dev/null || true
fi
ip link delete vb-{name} 2>/dev/null || true
while umount --lazy {directory}/root 2>/dev/null; do :; done
rm -f {directory}/pid
for tree in {CGROUP_TREES}; do
  find $tree/{lab.BRIDGE}/{name} -depth -type d -exec rmdir {{}} + 2>/dev/null || true
done
"""


def make(machine: lab.Machine, root: str) -> str:
    """Shell: an empty disk for a machine, with what makes it this one: its name, addresses, keys."""
    disk = machine.directory / "disk"
    return f"""
rm -rf {machine.directory}
mkdir -p {machine.directory}/work {machine.directory}/root
mkdir -p {disk}/etc/systemd/network {disk}/etc/ssh {disk}/etc/tracseq-lab
echo {root} > {machine.directory}/made-from
: > {disk}/etc/tracseq-lab/{machine.name}
echo {machine.name} > {disk}/etc/hostname
cat > {disk}/etc/systemd/network/10-host0.network <<'EOF'
[Match]
Name=host0
[Network]
Address={machine.address}/24
Address={machine.address6}/64
Gateway={lab.GATEWAY}
Gateway={lab.GATEWAY6}
IPv6AcceptRA=no
LinkLocalAddressing=ipv6
[Link]
RequiredForOnline=no
EOF
ssh-keygen -q -t ed25519 -N '' -C {machine.name} -f {disk}/etc/ssh/ssh_host_ed25519_key
install -d -m 0700 -o 1000 -g 1000 {disk}/home/{lab.USER} {disk}/home/{lab.USER}/.ssh
install -m 0600 -o 1000 -g 1000 {lab.SSH_KEY}.pub {disk}/home/{lab.USER}/.ssh/authorized_keys
install -d -m 0700 {disk}/root {disk}/root/.ssh
install -m 0600 {lab.SSH_KEY}.pub {disk}/root/.ssh/authorized_keys
sed -i '/^{machine.address} /d' {lab.KNOWN_HOSTS}
echo "{machine.address} $(cut -d' ' -f1,2 {disk}/etc/ssh/ssh_host_ed25519_key.pub)" >> {lab.KNOWN_HOSTS}
"""


def start(machine: lab.Machine, root: str) -> str:
    """Shell: boot a machine in the background, systemd as its first process."""
    directory = machine.directory
    # Not registered with machined: systemd need not be this machine's own first process. Each has
    # a cgroup of its own, or their systemds would undo each other's. The kernel keys of its network
    # namespace are its own to set.
    return f"""
mount -t overlay tracseq-lab \\
  -o lowerdir={lab.CACHE}/{root}/root,upperdir={directory}/disk,workdir={directory}/work {directory}/root
setsid sh -c 'for tree in {CGROUP_TREES}; do
  [ -e $tree/cgroup.procs ] || continue
  mkdir -p $tree/{lab.BRIDGE}/{machine.name} && echo $$ > $tree/{lab.BRIDGE}/{machine.name}/cgroup.procs
done
exec env SYSTEMD_NSPAWN_API_VFS_WRITABLE=network systemd-nspawn --quiet --register=no --keep-unit \\
  --settings=no --link-journal=no --timezone=off --resolv-conf=replace-host --console=pipe \\
  -M {machine.name} -D {directory}/root --network-bridge={lab.BRIDGE} --boot' \\
  </dev/null >{directory}/log 2>&1 &
echo $! > {directory}/pid
"""


def wait(machine: lab.Machine) -> str:
    """Shell: wait until a machine answers SSH, or show why it does not."""
    login = (
        f"ssh -i {lab.SSH_KEY} -o UserKnownHostsFile={lab.KNOWN_HOSTS} -o BatchMode=yes "
        f"-o ConnectTimeout=1 -o IdentitiesOnly=yes {lab.USER}@{machine.address}"
    )
    return f"""
n=0
until {login} true 2>/dev/null; do
  n=$((n+1))
  if [ $n -gt 100 ]; then
    echo "{machine.name} does not answer SSH at {machine.address}. Its console says:" >&2
    tail -n 20 {machine.directory}/log >&2
    exit 1
  fi
  sleep 0.2
done
"""
