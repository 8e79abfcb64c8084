"""The site is seen: what is measured, what a rule says of it, and that somebody is told, and told of its end."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dotenv import dotenv_values

from deploys.controller.templates import render
from deploys.roles.monitoring.declaration import ALERTS_USER
from tests import lab, metrics, pages, reach, rules
from tests.copy import Copy
from tests.inventory import group, hosts
from tests.ledger import SERVICE
from tests.scenarios import strangers
from tests.scenarios.monitoring import (
    INVENTORY,
    MAILS,
    OTHER,
    WATCHER,
    WATCHERS,
    asked,
    firing,
    forwarded,
    load,
    mails,
    watched_site,
)
from tests.scenarios.postgres import UNIT, found

pytestmark = pytest.mark.long

LINES = Path("tests/scenarios/nginx.log")
UNMADE = {"node_timex_sync_status", "node_timex_maxerror_seconds"}
"""A machine of the lab may not ask for its clock, which is that of all of them (systemd-nspawn(1))."""
ELSEWHERE = {"tracseq_virtual_address"} | {
    *(f"redis_sentinel_{name}" for name in ("masters", "master_status", "master_ok_slaves", "master_ok_sentinels")),
    *(f"tracseq_renewal_{name}" for name in ("failed", "late_timestamp_seconds")),
    *(f"tracseq_acme_{name}" for name in ("failures", "late_timestamp_seconds")),
}
"""
This site has one load balancer, one Redis and no certificates by timer: test_virtual_address, test_redis_failover,
test_renewal and test_acme look for these.
"""


@pytest.fixture(scope="module", autouse=True)
def site_with_monitoring(site_as_it_should_be: None) -> Iterator[None]:
    """The lab's site, watched over."""
    with watched_site():
        yield


def test_a_second_run_changes_nothing() -> None:
    assert lab.site(inventory=INVENTORY).changes == {}


@pytest.mark.parametrize("watcher", WATCHERS)
def test_every_target_answers(watcher: str) -> None:
    def down() -> dict[str, str]:
        targets = asked("targets", watcher)["activeTargets"]
        return {one["scrapeUrl"]: one["lastError"] for one in targets if one["health"] != "up"}

    lab.eventually(lambda: not down(), within=60)
    assert down() == {}
    jobs = [one["labels"]["job"] for one in asked("targets", watcher)["activeTargets"]]
    assert jobs.count("node") == len(hosts(INVENTORY))
    assert set(jobs) == {"node", "postgres", "redis", "gateway", "prometheus", "alertmanager", "nginx", "site", "host"}


def test_every_metric_that_a_rule_or_a_panel_names_is_there() -> None:
    load()
    wanted = pages.named().union(*(metrics.named(one) for one in rules.expressions().values()))

    def missing(names: set[str]) -> set[str]:
        return names - UNMADE - ELSEWHERE - set(asked("label/__name__/values"))

    def there() -> bool:
        assert missing(wanted) == set()
        return True

    lab.eventually(there, within=60, every=2)
    assert missing({*wanted, "made_up_metric"}) == {"made_up_metric"}


def test_nobody_but_the_monitoring_host_is_answered() -> None:
    gateway, *_ = group("gateways", INVENTORY)
    pair = found()
    url = f"https://{pair.primary}:{gateway.data['metrics_port']}/proxy?module=node"
    inside = "--cert {0}/client.crt --key {0}/client.key --cacert {0}/authority.crt".format("/etc/prometheus/tracseq")
    assert "node_load1" in lab.ssh(WATCHER, f"curl -sS -m 10 {inside} '{url}'", inventory=INVENTORY)
    curl = "curl -sS -m 10 --cacert /etc/tracseq/authority.crt"
    without = lab.ssh(WATCHER, f"{curl} '{url}' 2>&1; true", inventory=INVENTORY)
    assert "node_load1" not in without
    assert "certificate required" in without or "bad certificate" in without
    # The certificate of another host of the site, from an address that the firewall lets in.
    key = lab.ssh("backup1", "cat /etc/tracseq/backup/client.key")
    certificate = lab.ssh("backup1", "cat /etc/tracseq/backup/client.crt")
    other = lab.ssh(
        WATCHER,
        f"umask 077; cat > /run/other.pem <<'PEM'\n{certificate}{key}PEM\n"
        f"{curl} --cert /run/other.pem '{url}' 2>&1; rm /run/other.pem",
        inventory=INVENTORY,
    )
    assert "node_load1" not in other
    assert "node_load1" not in lab.ssh(gateway.name, f"curl -sS -m 4 -k '{url}' 2>&1; true")


def test_alertmanagers_talk_to_each_other_alone() -> None:
    """What two of them agree on goes over TLS, and either shows a certificate of its own."""
    (watcher,) = [one for one in group("monitoring", INVENTORY) if one.name == WATCHER]
    ask = f"openssl s_client -connect {watcher.data['address']}:9094 -CAfile /etc/tracseq/authority.crt"
    shown = "-cert {0}.crt -key {0}.key"
    member, stranger = shown.format("/etc/prometheus/tracseq/member"), "-cert /run/other.crt -key /run/other.key"
    lab.ssh(
        OTHER,
        "openssl req -x509 -newkey ed25519 -nodes -days 2 -subj /CN=mon2 -keyout /run/other.key -out /run/other.crt"
        " 2>/dev/null",
        inventory=INVENTORY,
    )

    def said(of_whom: str) -> str:
        # A server says of a certificate what it thinks of it once the handshake is over (RFC 8446, 4.4.2.4).
        return lab.ssh(OTHER, f"sleep 2 | {ask} {of_whom} 2>&1; true", inventory=INVENTORY)

    try:
        known = said(member)
        assert "Verify return code: 0" in known
        assert "alert" not in known
        for of_nobody in ("", stranger):
            assert "alert" in said(of_nobody)
    finally:
        lab.ssh(OTHER, "rm /run/other.*", inventory=INVENTORY)
    for name in ("lb1", "gw1", "outsider1"):
        assert reach.is_dropped(name, watcher.data["address"], 9094), name


def test_whoever_takes_over_an_exporter_cannot_tell_people_anything() -> None:
    """Exporters run as Debian's user of all of them; what Alertmanager signs in with is for it alone."""
    running = lab.ssh(WATCHER, "ps -eo user:32=,comm= | grep prometheus", inventory=INVENTORY).split("\n")
    users = {comm: user for user, comm in (line.split() for line in running if line)}
    assert users["prometheus-aler"] == ALERTS_USER
    assert users["prometheus-node"] == "prometheus"
    lab.ssh(WATCHER, f"runuser -u {ALERTS_USER} -- test -w /var/lib/prometheus/alertmanager", inventory=INVENTORY)
    for path in ("/etc/prometheus/alertmanager.yml", "/etc/prometheus/tracseq/member.key"):
        assert lab.ssh(WATCHER, f"runuser -u {ALERTS_USER} -- cat {path}", inventory=INVENTORY)
        read = lab.ssh(WATCHER, f"runuser -u prometheus -- cat {path} 2>&1; true", inventory=INVENTORY)
        assert "Permission denied" in read


def test_a_load_balancer_reads_of_a_monitoring_host_what_it_must_by_one_certificate_alone() -> None:
    (watcher,) = [one for one in group("monitoring", INVENTORY) if one.name == WATCHER]
    url = f"https://{WATCHER}:{watcher.data['metrics_port']}/proxy?module=alertmanager"
    ask = f"curl -sS -m 10 --cacert /etc/tracseq/authority.crt --resolve {WATCHER}:{watcher.data['metrics_port']}:"
    ask += f"{watcher.data['address']} '{url}'"
    own = "--cert /etc/tracseq/dead-mans-switch/client.crt --key /etc/tracseq/dead-mans-switch/client.key"
    assert "alertmanager_" in lab.ssh("lb1", f"{ask} {own}")
    public = "--cert /etc/nginx/tls/site.crt --key /etc/nginx/tls/site.key"
    for other in ("", public):
        assert "alertmanager_" not in lab.ssh("lb1", f"{ask} {other} 2>&1; true")


def test_no_secret_is_in_what_is_measured() -> None:
    secrets = {name: value for name, value in dotenv_values(".env.lab", interpolate=False).items() if value}
    assert len(secrets) > 5
    inside = "--cert {0}/client.crt --key {0}/client.key --cacert {0}/authority.crt".format("/etc/prometheus/tracseq")
    urls = sorted({one["scrapeUrl"] for one in asked("targets")["activeTargets"]})
    assert len(urls) > len(hosts(INVENTORY))
    asks = "\n".join(f"curl -sS -m 20 {inside} {shlex.quote(url)}; true" for url in urls)
    told = lab.ssh(WATCHER, asks, inventory=INVENTORY)
    assert all(f"{name}_" in told for name in ("node", "pg", "redis", "gateway", "nginx", "prometheus", "alertmanager"))
    texts = {
        "what hosts tell": told,
        "labels": json.dumps(asked("series", **{"match[]": '{__name__=~".+"}'})),
        "pages": lab.ssh(WATCHER, "cat /etc/tracseq-pages/pages/*", inventory=INVENTORY),
        "dashboards": "".join(path.read_text() for path in Path("files/monitoring/dashboards").iterdir()),
    }
    found = [
        f"{name} is in {where}" for where, text in texts.items() for name, value in secrets.items() if value in text
    ]
    assert found == []


def test_lines_of_a_load_balancer_are_counted_and_no_client_makes_one_up() -> None:
    (balancer, *_) = group("load_balancers", INVENTORY)
    lab.ssh(balancer.name, f"cat > /run/lines <<'LINES'\n{LINES.read_text()}LINES\n")
    mtail = "mtail --address=127.0.0.1 --port=3999 --one_shot --one_shot_format=prometheus --logs=/run/lines"
    said = lab.ssh(
        balancer.name, f"{mtail} --emit_prog_label=false --progs=/etc/tracseq/metrics/mtail 2>/dev/null; rm /run/lines"
    )
    found = dict(line.rsplit(" ", 1) for line in said.splitlines() if line.startswith("nginx_requests_total"))
    assert found == {f'nginx_requests_total{{status="{one}"}}': "1" for one in (101, 200, 400, 429, 502, 503)}
    # A WebSocket has no duration.
    assert "nginx_request_duration_seconds_count 5" in said
    assert "nginx_request_duration_seconds_sum 2.325" in said
    # nginx' 0.000 is in a bucket too.
    assert 'nginx_request_duration_seconds_bucket{le="+Inf"} 5' in said


def test_a_host_that_is_there_is_pinged() -> None:
    for watcher in WATCHERS:
        found = asked("query", watcher, query='probe_success{job="host"}')["result"]
        assert {one["metric"]["instance"]: one["value"][1] for one in found} == dict.fromkeys(hosts(INVENTORY), "1")


def test_sshd_forwards_to_the_pages_of_a_monitoring_host_and_to_nothing_else() -> None:
    (gateway, *_) = group("gateways", INVENTORY)
    assert "Prometheus" in forwarded(WATCHER, 9090, "/graph")
    assert "Alertmanager" in forwarded(WATCHER, 9093, "/")
    assert forwarded(WATCHER, 9100, "/metrics") == ""
    assert forwarded(gateway.name, 9100, "/metrics") == ""
    assert forwarded(gateway.name, gateway.data["gateway_port"], "/health") == ""


@pytest.mark.parametrize("watcher", WATCHERS)
def test_each_way_to_tell_is_one_that_its_alertmanager_knows(watcher: str) -> None:
    ways = {"plain": ["https://example.org/a"], "slack": ["https://example.org/b"], "teams": ["https://example.org/c"]}
    if watcher == WATCHER:
        ways["teams"] = []
    mail = {"server": "mail.example.org:587", "sender": "a@example.org", "to": ["b@example.org"], "tls": True,
            "user": "a", "password": "b"}  # fmt: skip
    text = render("monitoring/alertmanager.yml.j2", mail=mail, webhooks=ways, wait="30s", interval="5m", repeat="12h")
    said = lab.ssh(
        watcher,
        f"cat > /run/ways.yml <<'YAML'\n{text}\nYAML\namtool check-config /run/ways.yml 2>&1",
        inventory=INVENTORY,
    )
    assert "SUCCESS" in said


def test_a_replica_that_stops_is_told_by_mail_and_so_is_its_end() -> None:
    pair = found()
    # An Alertmanager that waits for the other tells of what was so when its wait began: what ends within these 25 s
    # both may tell. As on a site, they look less often than they wait.
    slower = lab.site("--data", "alert_group_interval=60s", inventory=INVENTORY)
    assert slower.code == 0, slower.output
    lab.eventually(lambda: firing() == set(), within=240, every=2)
    before = len(mails())
    lab.ssh(pair.replica, f"systemctl stop {UNIT}")
    lab.eventually(lambda: any("1 firing: PostgresDown" in one for one in mails()[before:]), within=120, every=1)
    time.sleep(30)
    lab.ssh(pair.replica, f"systemctl start {UNIT}")
    lab.eventually(lambda: any("over: PostgresDown" in one for one in mails()[before:]), within=120, every=1)
    # Two Alertmanagers know of it, and one of them tells.
    time.sleep(60)
    told = [one for one in mails()[before:] if "PostgresDown" in one]
    assert [one.split(" (")[0] for one in told] == ["1 firing: PostgresDown", "over: PostgresDown"]
    text = lab.ssh(SERVICE, f"cat $(grep -l 'firing: PostgresDown' {MAILS}/new/*)")
    assert "make status says which part it had" in text
    assert "docs/operations/the-primary-is-gone.md" in text
    print(f"\nmails: {mails()[before:]}")
    again = lab.site(inventory=INVENTORY)
    assert again.code == 0, again.output


def test_a_service_that_ends_is_named_by_an_alert_and_by_mail() -> None:
    of_site = hosts(INVENTORY)["gw3"].data["services"]
    library = {"source": strangers.program(), "hosts": ["gw3"], "port": 8091, "gateway": False}
    with_it = ("--data", f"services={json.dumps({**of_site, 'library': library})}")
    made = lab.site(*with_it, inventory=INVENTORY)
    assert made.code == 0, made.output
    assert lab.site(*with_it, inventory=INVENTORY).changes == {}
    one = '{job="services",service="library",instance="gw3",port="8091"}'

    def well(watcher: str, value: int) -> bool:
        return bool(asked("query", watcher, query=f"probe_success{one} == {value}")["result"])

    for watcher in WATCHERS:
        lab.eventually(lambda watcher=watcher: well(watcher, 1), within=60)
    before = len(mails())
    lab.ssh("gw3", "systemctl stop tracseq-service-library-8091.service")
    lab.eventually(lambda: well(WATCHER, 0), within=60)
    lab.eventually(lambda: any("firing: ServiceDown" in one for one in mails()[before:]), within=240, every=1)
    text = lab.ssh(SERVICE, f"cat $(grep -l 'firing: ServiceDown' {MAILS}/new/*)")
    assert "No instance of the service library is well" in text
    assert "docs/operations/services.md" in text
    lab.ssh("gw3", "systemctl start tracseq-service-library-8091.service")
    lab.eventually(lambda: any("over: ServiceDown" in one for one in mails()[before:]), within=240, every=1)
    gone = lab.site(inventory=INVENTORY)
    assert gone.code == 0, gone.output
    assert "services" not in {one["labels"]["job"] for one in asked("targets")["activeTargets"]}


@pytest.mark.parametrize("unit", ["prometheus", "prometheus-alertmanager", None])
def test_that_monitoring_is_dead_is_told_by_a_load_balancer(unit: str | None) -> None:
    before = len(mails())
    if unit:
        lab.ssh(WATCHER, f"systemctl stop {unit}", inventory=INVENTORY)
    else:
        lab.pull_the_plug(WATCHER)
    began = time.monotonic()
    lab.eventually(lambda: any("1 firing: MonitoringDead" in one for one in mails()[before:]), within=240, every=1)
    print(f"\ntold {time.monotonic() - began:.0f} s after {unit or 'its host'} was gone")
    if unit:
        lab.ssh(WATCHER, f"systemctl start {unit}", inventory=INVENTORY)
    else:
        lab.up(WATCHER, inventory=INVENTORY)
    lab.eventually(lambda: any("over: MonitoringDead" in one for one in mails()[before:]), within=180, every=1)


def test_what_it_costs_a_host() -> None:
    """Memory of all exporters of a host, what they share with others by its part (PSS)."""
    for name in (found().primary, "gw1", "redis1", "lb1"):
        pss = lab.ssh(name, PSS)
        megabytes = sum(map(int, pss.split())) / 1024
        print(f"\nexporters of {name}: {megabytes:.0f} MB")
        assert megabytes < 60


PSS = """
for unit in $(systemctl list-units --plain --no-legend 'prometheus-*.service' mtail.service | cut -d ' ' -f 1); do
  for pid in $(cat /sys/fs/cgroup/system.slice/$unit/cgroup.procs /sys/fs/cgroup/*/system.slice/$unit/cgroup.procs); do
    echo $pid
  done
done 2>/dev/null | sort -u | while read pid; do sed -n 's/^Pss: *\\([0-9]*\\) kB/\\1/p' /proc/$pid/smaps_rollup; done
"""


WRONG = {
    "rule": (
        "files/monitoring/rules/hosts.yml", "max by (instance) (up{", "max by (instance) ((up{",
        "unclosed left parenthesis",
    ),
    "panel": (
        "deploys/controller/dashboards/hosts.py", "time() - node_boot_time_seconds", "time() - node_boot_time_seconds)",
        "unexpected right parenthesis",
    ),
    "route": (
        "templates/monitoring/alertmanager.yml.j2", "- receiver: nobody", "- receiver: somebody",
        "undefined receiver",
    ),
}  # fmt: skip
"""What is wrong in which file, and what Debian's own programs say of it."""


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_refused_before_any_host_is_changed(what: str, tmp_path: Path) -> None:
    path, right, wrong, said = WRONG[what]
    copy = Copy(tmp_path, "lab")
    copy.secrets.write_bytes(Path(".env.lab").read_bytes())
    file = copy.own(path.partition("/")[0]) / path.partition("/")[2]
    assert right in file.read_text()
    file.write_text(file.read_text().replace(right, wrong))
    configuration = {"lb1": "/etc/nginx/conf.d/tracseq.conf", WATCHER: "/etc/prometheus/alertmanager.yml"}

    def state() -> list[str]:
        return [lab.ssh(name, f"sha256sum {one}", inventory=INVENTORY) for name, one in configuration.items()]

    before = state()
    # A run that would change other hosts, too.
    others = ("--data", "request_burst=77", "--data", "alert_repeat_interval=7h")
    own = {"PYTHONPATH": str(tmp_path)}
    run = lab.pyinfra("-y", *others, INVENTORY, lab.SITE, directory=tmp_path, environment=own)
    assert run.code != 0
    assert said in run.output
    assert "No host was changed." in run.output
    assert state() == before
