"""The shell with which a machine of the lab is made, started, awaited and stopped."""

from __future__ import annotations

from deploys.settings import lab

CGROUP_TREES = "/sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd"
"""Where the cgroups that systemd uses may be mounted: version 2, mixed, version 1 (cgroups(7))."""


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
# As Debian's installer leaves it: without it each sudo would ask a name server first, and wait for it.
printf '127.0.0.1\\tlocalhost\\n127.0.1.1\\t{machine.name}\\n' > {disk}/etc/hosts
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


def own(machine: lab.Machine, owner: int | None) -> str:
    """Shell: note for which process a machine runs, or that it runs for none."""
    if owner is None:
        return f"rm -f {machine.directory}/owner"
    started = f"$(sed 's/.*) //' /proc/{owner}/stat | cut -d ' ' -f 20)"
    return f'echo "{owner} {started}" > {machine.directory}/owner'


def start(machine: lab.Machine, root: str) -> str:
    """Shell: boot a machine in the background, systemd as its first process."""
    directory = machine.directory
    # Not registered with machined: systemd need not be this machine's own first process. Each has
    # a cgroup of its own, or their systemds would undo each other's. The kernel keys of its network
    # namespace are its own to set.
    # Below its disk lie the states of it that were kept, the newest on top.
    return f"""
below={lab.CACHE}/{root}/root
for kept in {directory}/kept/*; do
  [ ! -d $kept ] || below=$kept:$below
done
mount -t overlay tracseq-lab {directory}/root \\
  -o redirect_dir=on,lowerdir=$below,upperdir={directory}/disk,workdir={directory}/work
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
  if [ $n -gt 300 ]; then
    echo "{machine.name} does not answer SSH at {machine.address}. Its console says:" >&2
    tail -n 20 {machine.directory}/log >&2
    exit 1
  fi
  sleep 0.2
done
"""
