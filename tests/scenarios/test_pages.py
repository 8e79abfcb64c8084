"""The pages of what is measured, in a real browser: no panel is empty, and nobody comes in who may not."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from dotenv import dotenv_values

from deploys.controller.dashboards import DASHBOARDS
from deploys.settings import secrets
from tests import browser, lab, pages, reach
from tests.browser import Browser
from tests.client import context
from tests.disk import disk
from tests.inventory import group
from tests.scenarios import grafana
from tests.scenarios.monitoring import INVENTORY, WATCHER, WATCHERS, asked, load, watched_site

pytestmark = pytest.mark.long

ASKED = (
    "query?query=up",
    "query_range?query=up&start=1&end=2&step=1",
    "series?match[]=up",
    "labels",
    "alerts",
    "rules",
)
HIDDEN = (
    "/api/v1/status/config", "/api/v1/status/flags", "/api/v1/targets", "/api/v1/label/job/values", "/api/v1/metadata",
    "/api/v1/admin/tsdb/snapshot", "/-/reload", "/-/quit", "/metrics", "/graph", "/api/v1/query/../status/config",
    "/server.key", "/passwords", "/nginx.conf", "/dygraphs../", "/dygraphs/../../../etc/passwd",
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def site_with_pages(site_as_it_should_be: None) -> Iterator[None]:
    """The lab's site, watched over."""
    with watched_site():
        yield


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser, on this machine, that has logged in to both hosts."""
    made = lab.pyinfra("-y", "--data", "browser=true", "@local", "tests/controller.py")
    assert made.code == 0, made.output
    with browser.started() as one:
        for watcher in WATCHERS:
            pages.entered(one, watcher)
        yield one


def visitor(host: str = WATCHER, password: str | None = None) -> httpx.Client:
    """Somebody who asks the pages without a browser."""
    user, right = pages.login()
    login = (user, right if password is None else password)
    return httpx.Client(base_url=pages.address(host), verify=context(INVENTORY), auth=login, timeout=20)


def test_a_second_run_changes_nothing() -> None:
    assert lab.site(inventory=INVENTORY).changes == {}


@pytest.fixture(scope="module")
def with_a_disk() -> Iterator[None]:
    """A disk on a host: the root of the lab's machines is an overlay, which exporters rightly leave out."""
    with disk(group("gateways")[0].name, "/srv/disk", megabytes=32):
        yield


@pytest.mark.usefixtures("with_a_disk")
@pytest.mark.parametrize("watcher", WATCHERS)
def test_no_panel_is_empty(chromium: Browser, watcher: str) -> None:
    def empty(page: str) -> dict[str, str]:
        states = pages.shown(chromium, watcher, page, pages.DESK, dark=False)
        assert sorted(states) == sorted(pages.panels(page))
        return {title: state for title, state in states.items() if state != "drawn"}

    for page in pages.NAMES:
        # A rate needs two answers of who is measured, and a page shows whole steps of time.
        end = time.monotonic() + 120
        while time.monotonic() < end and empty(page):
            load()
        assert empty(page) == {}, page
        # Who pages faster than people do is told to wait, and the page does so and asks again.
        assert [one for one in chromium.complaints() if "status of 429" not in one] == []
        on_a_phone = pages.shown(chromium, watcher, page, pages.PHONE, dark=True)
        assert set(on_a_phone.values()) <= {"drawn"}, page
    print(f"\npictures of {len(pages.NAMES)} pages: {pages.PICTURES.absolute()}")


@pytest.mark.parametrize("over", ["6h", "24h", "7d"])
def test_a_page_shows_other_times(chromium: Browser, over: str) -> None:
    for page in pages.NAMES:
        states = pages.shown(chromium, WATCHER, page, pages.DESK, dark=False, over=over)
        assert "Prometheus" not in "".join(states.values()), states


def test_an_alert_is_on_every_page_with_what_to_do(chromium: Browser) -> None:
    lab.ssh("redis1", "systemctl stop prometheus-redis-exporter")
    try:

        def told() -> str:
            pages.shown(chromium, WATCHER, "alerts", pages.PHONE, dark=False)
            return str(chromium.script("return document.getElementById('content').textContent"))

        lab.eventually(lambda: "redis1 tells nothing of redis any more." in told(), within=90, every=2)
        assert "systemctl status 'prometheus-*'" in told()
        assert "docs/operations/a-dead-host.md" in told()
    finally:
        lab.ssh("redis1", "systemctl start prometheus-redis-exporter")


def test_a_prometheus_that_is_silent_is_said_in_a_sentence(chromium: Browser) -> None:
    lab.ssh(WATCHER, "systemctl stop prometheus", inventory=INVENTORY)
    try:
        states = pages.shown(chromium, WATCHER, "hosts", pages.PHONE, dark=False)
        assert set(states.values()) == {"Prometheus does not answer: its web server answered 502."}
        said = chromium.script("return document.getElementById('wellbeing').textContent")
        assert "Nobody knows how the site is: Prometheus of mon1 does not answer" in said
        assert "systemctl status prometheus" in said
    finally:
        lab.ssh(WATCHER, "systemctl start prometheus", inventory=INVENTORY)
        # It reads what it was about to write before it answers.
        lab.eventually(lambda: asked("query", query="up")["result"], within=60)


@pytest.mark.parametrize("watcher", WATCHERS)
def test_only_who_knows_the_password_is_answered_and_only_what_pages_ask(watcher: str) -> None:
    with visitor(watcher) as known:
        for path in ("/", "/main.js", "/site.json", "/dygraphs/dygraph.min.js", *(f"/api/v1/{one}" for one in ASKED)):
            answer = known.get(path)
            assert answer.status_code == 200, path
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert "nginx/" not in answer.headers["server"]
            assert (answer.headers["cache-control"] == "no-store") is ("dygraphs" not in path)
        for path in HIDDEN:
            assert known.get(path).status_code == 404, path
        assert known.delete("/api/v1/series?match[]=up").status_code == 403
        assert known.get("/api/v1/query?query=up", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
        secret = pages.login()[1]
        assert secret not in "".join(known.get(path).text for path in ("/", "/site.json"))
    for path in ("/", "/site.json", "/api/v1/query?query=up", "/api/v1/status/config"):
        for wrong in ("", "password", pages.login()[1][:-1]):
            with visitor(watcher, wrong) as stranger:
                assert stranger.get(path).status_code == 401, path
        assert httpx.get(f"{pages.address(watcher)}{path}", verify=context(INVENTORY)).status_code == 401, path


def test_the_password_is_nowhere_to_be_read() -> None:
    user, secret = pages.login()
    places = "/etc /var/lib/tracseq /run/tracseq-pages"
    found = lab.ssh(WATCHER, f"grep -rlF -f - {places} <<'TEXT' || true\n{secret}\nTEXT", inventory=INVENTORY)
    assert found == ""
    assert f"{user}:$2b$" in lab.ssh(WATCHER, "cat /etc/tracseq-pages/passwords", inventory=INVENTORY)
    secrets = "/etc/tracseq-pages/passwords /etc/tracseq-pages/server.key"
    modes = lab.ssh(WATCHER, f"stat -c '%A %U %G' {secrets}", inventory=INVENTORY)
    assert modes.splitlines() == ["-rw------- root root"] * 2


def test_who_guesses_is_told_to_wait() -> None:
    with visitor(WATCHER, "password") as guesser, ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: guesser.get("/").status_code, range(400)))
    assert set(answers) == {401, 429}
    print(f"\n{answers.count(401)} of {len(answers)} guesses were looked at")


def test_no_other_host_reaches_the_pages() -> None:
    (watcher,) = [one for one in group("monitoring", INVENTORY) if one.name == WATCHER]
    for name in ("gw1", "backup1", "outsider1"):
        assert reach.is_dropped(name, watcher.data["address"], watcher.data["pages_port"]), name


def test_nothing_else_serves_on_a_host_with_pages() -> None:
    for watcher in WATCHERS:
        state = lab.ssh(watcher, "systemctl is-active nginx; systemctl is-enabled nginx; true", inventory=INVENTORY)
        assert state.split() == ["inactive", "disabled"]
        score = lab.ssh(watcher, "systemd-analyze security tracseq-pages --no-pager | tail -1", inventory=INVENTORY)
        print(f"\n{watcher}: {score.strip()}")


def test_without_a_port_there_are_no_pages() -> None:
    without = lab.site("--data", "pages_port=null", inventory=INVENTORY)
    assert without.code == 0, without.output
    for watcher in WATCHERS:
        paths = "/etc/tracseq-pages /etc/systemd/system/tracseq-pages*"
        assert lab.ssh(watcher, f"ls -d {paths} 2>/dev/null; true", inventory=INVENTORY) == ""
        assert not lab.ssh(watcher, "ss -Hltn 'sport = :9443'", inventory=INVENTORY)
    assert lab.site(inventory=INVENTORY).code == 0
    with visitor() as known:
        assert known.get("/").status_code == 200


def test_grafana_finds_the_sites_prometheus_and_dashboards(tmp_path: Path) -> None:
    package = grafana.package(tmp_path)
    secrets.invent(".env.lab", ["GRAFANA_PASSWORD"])
    data = ["--data", "grafana_port=3000", "--data", f"grafana_package={json.dumps(package)}"]
    made = lab.site(*data, inventory=INVENTORY)
    assert made.code == 0, made.output
    assert lab.site(*data, inventory=INVENTORY).changes == {}
    password = dotenv_values(".env.lab")["GRAFANA_PASSWORD"] or ""
    for watcher in WATCHERS:
        address = f"https://{httpx.URL(pages.address(watcher)).host}:3000"
        with httpx.Client(base_url=address, verify=context(INVENTORY), timeout=20) as nobody:
            lab.eventually(lambda: nobody.get("/api/search").status_code == 401)
        login = (pages.login()[0], password)
        with httpx.Client(base_url=address, verify=context(INVENTORY), timeout=20, auth=login) as known:
            assert len(known.get("/api/search").json()) == len(DASHBOARDS)
            assert known.get("/api/up").json()["status"] == "success"
        found = lab.ssh(
            watcher, f"grep -rlF {password} /etc /proc/[0-9]*/cmdline 2>/dev/null; true", inventory=INVENTORY
        )
        assert found.split() == ["/etc/tracseq-grafana/password"]
        assert lab.ssh(watcher, "stat -c %a /etc/tracseq-grafana/password", inventory=INVENTORY).strip() == "600"
    gone = lab.site(inventory=INVENTORY)
    assert gone.code == 0, gone.output
    for watcher in WATCHERS:
        assert (
            lab.ssh(watcher, "ls -d /etc/tracseq-grafana 2>/dev/null; ss -Hltn 'sport = :3000'", inventory=INVENTORY)
            == ""
        )
        lab.ssh(watcher, "dpkg --purge grafana >/dev/null 2>&1; rm -rf /var/lib/grafana", inventory=INVENTORY)
