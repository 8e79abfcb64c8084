"""The whole firewall of a host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyinfra import host, logger, state

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.ufw import Firewall, FirewallState, Table
from deploys.operations import commit_confirmed, file_set, staging
from deploys.operations.file_set import File

INIT = "/usr/lib/ufw/ufw-init"

# Tables other than filter are saved too, since ufw flushes them with the built-in chains. Without
# any rule the filter table does not exist yet, and would not be saved.
SAVE = """
for tables in iptables ip6tables; do
  $tables-save > "$stage/$tables" 2>/dev/null || continue
  grep -q '^\\*filter' "$stage/$tables" ||
    $tables-save --table filter >> "$stage/$tables" 2>/dev/null || true
done
"""
# The kernel tracks connections only once a rule asks for their state. One that is older counts as
# new then, and what the host says on it is dropped: first of all the end of the very command that
# loads the rules. A little traffic both ways makes it known before.
TRACK = """
if ! iptables -S | grep -q conntrack; then
  for tables in iptables ip6tables; do
    $tables -I OUTPUT -m conntrack --ctstate ESTABLISHED 2>/dev/null || true
  done
  for moment in 1 2 3 4 5; do
    echo "The kernel gets to know the connections that are open."
    sleep 0.1
  done
fi
"""
RESTORE = f"""
for tables in iptables ip6tables; do
  [ ! -s "$stage/$tables" ] || $tables-restore --wait 10 < "$stage/$tables" || {INIT} flush-all
done
"""


@operation
def ruleset(files: Sequence[File], tables: Mapping[int, Table], timeout: float = 20) -> Steps:
    """
    Have the whole firewall as declared, on disk and in the kernel, now and from boot on.

    What is not declared is removed, also where it was added by hand, with ``ufw`` or with
    ``iptables``. A ruleset that locks the controller out does not stay: see commit_confirmed.py.

    + files: ufw's files
    + tables: the filter table that the kernel has once they are loaded, by address family (4, 6),
      each rule as ``iptables -S`` prints it
    + timeout: seconds that a new login may take to confirm a change (default 20)

    **Example:**

    .. code:: python

        ufw.ruleset(
            name="Ruleset",
            files=[File("/etc/ufw/user.rules", text, mode="640"), ...],
            tables={4: ipv4.table, 6: ipv6.table},
        )
    """
    unconfirmed = commit_confirmed.directory("firewall")
    current: FirewallState = yield Reading(Firewall, paths=(*(file.path for file in files), unconfirmed))
    changes = file_set.difference(files, (), (), current.files)
    drift = _drift(tables, current.live)
    if not changes and not drift and current.enabled and unconfirmed not in current.files.files:
        host.noop("the ruleset is in force")
        return
    file_set.show(changes)
    if state.config.DIFF and not changes:
        for line in drift:
            logger.info(f"{host.print_prefix}  {line}")
    loaded = staging.seen_in_place(changes, f"{INIT} force-reload")
    yield from commit_confirmed.change(
        key="firewall",
        changes=changes,
        # Loaded for a network that nobody uses: what the kernel refuses, it refuses there.
        validate=f"unshare --net {INIT} start",
        prepare=[SAVE],
        attempt=[TRACK, f'{loaded} >"$stage/said" 2>&1 || {{ cat "$stage/said" >&2; exit 1; }}'],
        undo=[RESTORE],
        keep=[
            *([] if current.enabled else [f"systemctl --quiet {verb} ufw.service" for verb in ("unmask", "enable")]),
            "systemctl start ufw.service",
        ],
        timeout=timeout,
    )


def _drift(declared: Mapping[int, Table], live: Mapping[int, Table]) -> list[str]:
    """In what the kernel's tables differ from the declared ones, a line for each rule."""
    found = []
    for family, loaded in live.items():
        wanted = declared[family]
        for chain, policy in wanted.policies.items():
            if loaded.policies.get(chain) != policy:
                found.append(f"IPv{family}: the policy of {chain} is not {policy}")
        for chain, rules in wanted.chains.items():
            current = loaded.chains.get(chain, ())
            if current != rules:
                found += [f"-{chain} {rule}" for rule in current if rule not in rules]
                found += [f"+{chain} {rule}" for rule in rules if rule not in current]
                if set(current) == set(rules):
                    found.append(f"IPv{family}: the order of the rules of {chain}")
    return found
