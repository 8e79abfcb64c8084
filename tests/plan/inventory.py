"""A site of machines that pyinfra only pretends to have: its @fake connector."""

from typing import Any

_bare_debian = [
    "is\tclock\t1700000000.0",
    "is\tsystem\tdebian",
    "is\tversion\t12",
    "is\tarchitecture\tx86_64",
    "is\tcpus\t4",
    "is\tmemory\t8589934592",
    "is\tdisk\t107374182400",
    "is\tdisk_free\t96636764160",
    "is\tshell_start\t3000",
    "is\tsudo\tyes",
]


def _host(name: str, number: int) -> tuple[str, dict[str, Any]]:
    network = [f"address\teth0\t10.0.0.{number}/24", "network_file\teth0\t/run/systemd/network/10-netplan-eth0.network"]
    reached = [
        f"reach\t10.0.0.{peer}\t{port}\trefused"
        for peer, port in (
            (21, 8000),
            (22, 8000),
            (23, 8000),
            *((peer, port) for peer in (21, 22, 23) for port in (8001, 8443, 8444)),
            (31, 5432),
            (32, 5432),
            (31, 6432),
            (32, 6432),
            (31, 8432),
            (32, 8432),
            (31, 8434),
            (32, 8434),
            (41, 8434),
            *((peer, port) for peer in (31, 32, 41) for port in (2379, 2380, 8008)),
            *((peer, port) for peer in (31, 32, 41) for port in (6379, 6380, 26379, 26380, 8433)),
            (51, 19532),
            (11, 8443),
            *((peer, 80) for peer in (11, 12)),
            *((peer, port) for peer in (21, 22, 23) for port in range(8080, 8091)),
            *((peer, 9998) for peer in (11, 21, 22, 23, 31, 32, 41, 51)),
        )
    ]
    return f"@fake/{name}", {
        "environment": "plan",
        "alert_mail_server": "10.0.0.99",
        "alert_mail_port": 25,
        "alert_mail_from": "monitoring@example.org",
        "alert_mail_to": ["administrator@example.org"],
        "address": f"10.0.0.{number}",
        "fake_delay": 0,
        "fake_delay_jitter": 0,
        "fake_responses": {"say shell_start": [*_bare_debian, *network, *reached]},
    }


load_balancers = [_host("lb1", 11)]
gateways = [_host("gw1", 21), _host("gw2", 22), _host("gw3", 23)]
postgres = [_host("pg1", 31), _host("pg2", 32)]
redis = [_host("redis1", 41)]
backups = [_host("backup1", 51)]
monitoring = [_host("backup1", 51)]
logs = [_host("backup1", 51)]
