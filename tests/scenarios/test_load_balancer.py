"""The load balancer: what only its running master refuses is put back, and who asks too much is told to wait."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests import lab
from tests.client import client
from tests.copy import Copy


def test_what_only_the_running_nginx_refuses_is_put_back(tmp_path: Path) -> None:
    copy = Copy(tmp_path, "lab")
    copy.secrets.write_bytes(Path(".env.lab").read_bytes())
    template = copy.own("templates") / "load_balancer" / "nginx.conf.j2"
    # nginx -t lets it pass: that a zone has another key is seen by the master that has the zone.
    template.write_text(template.read_text().replace("$binary_remote_addr zone", "$server_name zone"))
    run = lab.pyinfra("-y", "--limit", "lb1", lab.INVENTORY, lab.SITE, directory=tmp_path)
    assert run.code != 0
    assert 'limit_req "requests" uses the "$server_name" key while previously it used' in run.output, "nginx's own line"
    assert "What was there before is in force again." in run.output
    assert "$binary_remote_addr zone" in lab.ssh("lb1", "cat /etc/nginx/nginx.conf")
    assert client().get("/health").status_code == 200
    assert lab.site().changes == {}


def test_who_asks_too_much_is_told_to_wait(tmp_path: Path) -> None:
    # Forty at once, where one a second and two beside it are let through: no machine is too slow for that.
    run = lab.site("--data", "request_rate=1", "--data", "request_burst=2", "--limit", "lb1")
    assert run.code == 0, run.output
    with client() as user, ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda number: user.get(f"/api/nothing/{number}").status_code, range(40)))
    assert answers.count(429) > 0, answers
    assert answers.count(429) < 40, answers
    assert lab.site().code == 0
