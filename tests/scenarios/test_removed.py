"""What is taken out of the data is gone after the run; what somebody added by hand, too."""

from __future__ import annotations

from pathlib import Path

from tests import lab

RULE = 'firewall_extra_rules = [{"source": "administrators", "destination": "redis", "ports": ["redis_port"]}]\n'


def test_a_rule_taken_out_of_the_data_leaves_the_host(tmp_path: Path) -> None:
    (tmp_path / "lab.py").write_text(RULE)
    assert lab.site("--group-data", str(tmp_path)).code == 0
    listed = "iptables -S ufw-user-input; cat /etc/ufw/user.rules"
    assert "10.77.0.1/32 -p tcp -m tcp --dport 6379" in lab.ssh("redis1", listed)
    assert lab.site().code == 0
    assert "10.77.0.1/32 -p tcp -m tcp --dport 6379" not in lab.ssh("redis1", listed)


def test_a_file_that_is_not_in_the_data_leaves_the_host() -> None:
    lab.ssh("lb1", "echo 'server { listen 8081; }' > /etc/nginx/conf.d/forgotten.conf && systemctl reload nginx")
    lab.eventually(lambda: ":8081" in lab.ssh("lb1", "ss -Hltn"))
    run = lab.site()
    assert run.changes == {"Load balancer | nginx": ["lb1"]}
    assert lab.ssh("lb1", "ls /etc/nginx/conf.d").split() == ["tracseq.conf"]
    lab.eventually(lambda: ":8081" not in lab.ssh("lb1", "ss -Hltn"))


def test_what_somebody_changed_by_hand_is_put_right() -> None:
    lab.ssh("gw1", "sed -i s/MemoryMax=.*/MemoryMax=1/ /etc/systemd/system/tracseq-gateway.service")
    lab.ssh("redis1", "chmod 644 /etc/redis/redis.conf")
    lab.ssh("lb1", "systemctl disable --now nginx 2>/dev/null")
    run = lab.site()
    assert run.code == 0, run.output
    assert run.changes == {
        "Gateway | Gateway runs it, one host at a time": ["gw1"],
        "Load balancer | nginx": ["lb1"],
        "Redis | Redis server": ["redis1"],
    }
    assert lab.ssh("redis1", "stat -c %a /etc/redis/redis.conf").strip() == "640"
    assert lab.ssh("lb1", "systemctl is-enabled nginx").strip() == "enabled"


def test_a_set_that_does_not_validate_is_never_in_place(tmp_path: Path) -> None:
    before = lab.ssh("lb1", "sha256sum /etc/nginx/conf.d/tracseq.conf; systemctl show -p MainPID nginx")
    (tmp_path / "lab.py").write_text('domain = "x.example.org"\nlargest_body = 1\nrequest_burst = 10**30\n')
    run = lab.site("--group-data", str(tmp_path), "--limit", "lb1")
    assert run.code != 0
    assert "invalid burst" in run.output, "the error is nginx's own line"
    after = lab.ssh("lb1", "sha256sum /etc/nginx/conf.d/tracseq.conf; systemctl show -p MainPID nginx")
    assert after == before
    assert lab.site().changes == {}
