"""The whole firewall of a host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyinfra import host, logger, state

from deploys.facts.ufw import Firewall, FirewallState, Table, table
from deploys.operations import file_set, staging, trial
from deploys.operations.file_set import File
from deploys.operations.reading import Reading, Steps, operation

INIT = "/usr/lib/ufw/ufw-init"
BUILT_IN = {"INPUT": "input", "OUTPUT": "output", "FORWARD": "forward"}
STATIONS = ("before-logging", "before", "after", "after-logging", "reject", "track")
"""What ufw makes a packet pass, in this order (ufw-framework(8))."""

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
def ruleset(files: Sequence[File], patience: float = 20) -> Steps:
    """
    Have the whole firewall as declared, on disk and in the kernel, now and from boot on.

    What is not declared is removed, also where it was added by hand, with ``ufw`` or with
    ``iptables``. A ruleset that locks the controller out does not stay: see ``trial``.

    + files: ufw's files. Every rule in its ``.rules`` files must be written as ``iptables -S`` or
      ``ip6tables -S`` prints it, because the kernel's rules are compared with them.
    + patience: seconds that a new login may take to confirm a change (default 20)

    **Example:**

    .. code:: python

        ufw.ruleset(
            name="Ruleset",
            files=[File("/etc/ufw/user.rules", text, mode="640"), ...],
        )
    """
    tried = trial.directory("firewall")
    there: FirewallState = yield Reading(Firewall, paths=(*(file.path for file in files), tried))
    changes = file_set.difference(files, (), (), there.files)
    strays = _strays(files, there.live)
    if not changes and not strays and there.enabled and tried not in there.files.files:
        host.noop("the ruleset is in force")
        return
    file_set.show(changes)
    if state.config.DIFF and not changes:
        for stray in strays:
            logger.info(f"{host.print_prefix}  {stray}")
    loaded = staging.seen_in_place(changes, f"{INIT} force-reload")
    yield from trial.tried(
        key="firewall",
        changes=changes,
        # Loaded for a network that nobody uses: what the kernel refuses, it refuses there.
        validate=f"unshare --net {INIT} start",
        prepare=[SAVE],
        attempt=[TRACK, f'{loaded} >"$stage/said" 2>&1 || {{ cat "$stage/said" >&2; exit 1; }}'],
        undo=[RESTORE],
        keep=[
            *([] if there.enabled else [f"systemctl --quiet {verb} ufw.service" for verb in ("unmask", "enable")]),
            "systemctl start ufw.service",
        ],
        patience=patience,
    )


def _strays(files: Sequence[File], live: Mapping[int, Table]) -> list[str]:
    """In what the kernel's tables differ from the declared ones, a line for each rule."""
    found = []
    for family, there in live.items():
        ufw = "ufw6" if family == 6 else "ufw"
        declared = expected(ufw, files)
        for chain, policy in declared.policies.items():
            if there.policies.get(chain) != policy:
                found.append(f"IPv{family}: the policy of {chain} is not {policy}")
        for chain, rules in declared.chains.items():
            loaded = there.chains.get(chain, ())
            if loaded != rules:
                found += [f"-{chain} {rule}" for rule in loaded if rule not in rules]
                found += [f"+{chain} {rule}" for rule in rules if rule not in loaded]
                if set(loaded) == set(rules):
                    found.append(f"IPv{family}: the order of the rules of {chain}")
    return found


def expected(ufw: str, files: Sequence[File]) -> Table:
    """
    The filter table that ufw makes of its files: for the chains that they or ufw itself fill.

    + ufw: how the chains' names begin: ``ufw`` or ``ufw6``
    + files: ufw's files
    """
    lines = [line for file in files if file.path.endswith(".rules") for line in file.content.splitlines()]
    declared = [line.split()[0][1:] for line in lines if line.startswith(":")]
    rules = table(lines).chains
    chains = {chain: rules.get(chain, ()) for chain in declared if chain.startswith(f"{ufw}-")}
    for built_in, way in BUILT_IN.items():
        chains[built_in] = tuple(f"-j {ufw}-{station}-{way}" for station in STATIONS)
        before = f"{ufw}-before-{way}"
        chains[before] = (*chains.get(before, ()), f"-j {ufw}-user-{way}")
        chains[f"{ufw}-skip-to-policy-{way}"] = ("-j DROP",)
        for empty in (f"{ufw}-reject-{way}", f"{ufw}-track-{way}"):
            chains[empty] = ()
    return Table(dict.fromkeys(BUILT_IN, "DROP"), chains)
