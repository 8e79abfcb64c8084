"""What a host prints of its Postgres server, as values."""

from __future__ import annotations

import json

import pytest

from deploys.facts.postgres.server import Server
from deploys.facts.postgres.state import Answer, ServerState, StartupSetting, slot_name

SAID = {
    "recovery": False,
    "timeline": 2,
    "position": 83886080,
    "committed": None,
    "pace": None,
    "history": "1\t0/4FFFF00\tno recovery target specified\n",
    "followers": {"pg2": 83886080},
    "receiver": None,
    "pending": ["shared_buffers"],
    "startup": {
        "shared_buffers": {"written": "2GB", "running": "1GB"},
        "wal_level": {"written": None, "running": "replica"},
    },
    "archives": True,
    "altered": {},
    "refused": [],
    "limits": {"max_connections": 100},
    "roles": {
        "replicator": {
            "attributes": ["LOGIN", "REPLICATION"],
            "member_of": [],
            "scram": "4096:c2FsdA==",
            "digest": "00",
            "connections": 15,
        }
    },
    "databases": {"postgres": "postgres"},
    "slots": {"tracseq_pg2": {"active": True, "wal_status": "reserved"}},
}


def read(*lines: str) -> ServerState:
    return Server().process(["debian\t12", "memory\t4294967296", *lines])


def test_a_bare_host_will_have_the_version_of_its_debian() -> None:
    assert read().version == 15
    assert Server().process(["debian\t13", "memory\t1"]).version == 17
    assert read().cluster is None


def test_a_host_without_data_has_the_version_that_is_installed() -> None:
    assert read("installed\t16").version == 16


def test_a_running_server_answers_for_itself() -> None:
    state = read(
        "installed\t15",
        "cluster\t15",
        "control\t15\tDatabase system identifier\t7710738873829392336",
        "control\t15\tDatabase cluster state\tin production",
        "control\t15\tLatest checkpoint's TimeLineID\t1",
        "control\t15\tDatabase block size\t8192",
        "running\t15",
        f"said\t15\t{json.dumps(SAID)}",
    )
    cluster = state.cluster
    assert cluster is not None and cluster.answer is not None
    assert cluster.primary
    assert cluster.identifier == "7710738873829392336"
    assert (cluster.timeline, cluster.known_timeline) == (1, 2)
    assert cluster.answer.receiver == {}
    assert cluster.answer.pending == ("shared_buffers",)
    assert cluster.answer.startup["shared_buffers"] == StartupSetting("2GB", "1GB")
    assert cluster.answer.archives
    assert cluster.answer.roles["replicator"].attributes == {"LOGIN", "REPLICATION"}
    assert cluster.answer.slots["tracseq_pg2"].active


@pytest.mark.parametrize(
    ("what", "settings", "waiting"),
    [
        ("what waits already", {"shared_buffers": "2GB"}, ("shared_buffers",)),
        ("another value", {"shared_buffers": "3GB"}, ("shared_buffers",)),
        ("what it runs with", {"shared_buffers": "1GB"}, ()),
        ("its line is taken away", {}, ("shared_buffers",)),
        ("one more", {"shared_buffers": "1GB", "wal_level": "logical"}, ("wal_level",)),
        ("one that says what it runs with", {"shared_buffers": "1GB", "wal_level": "replica"}, ()),
        ("one that a reload is enough for", {"shared_buffers": "1GB", "work_mem": "8MB"}, ()),
    ],
)
def test_what_a_configuration_would_have_wait(what: str, settings: dict[str, str], waiting: tuple[str, ...]) -> None:
    answer = Answer(
        False,
        pending=("shared_buffers",),
        startup={"shared_buffers": StartupSetting("2GB", "1GB"), "wal_level": StartupSetting(None, "replica")},
    )
    assert answer.waiting(settings) == waiting


def test_a_server_that_does_not_answer_is_no_primary() -> None:
    cluster = read("cluster\t15", "running\t15", "said\t15\tFATAL:  the database system is shutting down").cluster
    assert cluster is not None
    assert not cluster.primary
    assert cluster.silence == "FATAL:  the database system is shutting down"
    mute = read("cluster\t15", "running\t15", "said\t15\t").cluster
    assert mute is not None and mute.silence == "nothing within 20 s"


def test_a_stopped_replica_is_told_from_a_stopped_primary() -> None:
    stopped = "control\t15\tDatabase cluster state\tshut down"
    replica, primary = read("cluster\t15", "replica\t15", stopped).cluster, read("cluster\t15", stopped).cluster
    assert replica is not None and primary is not None
    assert (replica.replica, primary.replica) == (True, False)
    assert not replica.running and not primary.running


def test_what_is_no_cluster_is_told_by_its_names() -> None:
    cluster = read("contents\t15\tlost+found notes.txt ").cluster
    assert cluster is not None
    assert cluster.contents == "lost+found notes.txt"


def test_of_two_versions_the_running_one_counts() -> None:
    assert read("cluster\t15", "running\t15", "cluster\t17").version == 15


def test_slots_are_named_after_hosts() -> None:
    assert slot_name("pg2") == "tracseq_pg2"
    assert slot_name("PG-2.example.org") == "tracseq_pg_2_example_org"


def test_no_verifier_is_asked_for() -> None:
    query = Server().command()
    assert "rolpassword," in query
    assert query.count("rolpassword") == 3  # its form, its salt, and its digest
    assert "sha256(convert_to(rolpassword" in query
    assert Answer(recovery=True).roles == {}
