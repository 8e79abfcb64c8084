"""A service's database with vectors: on the primary, on its replica, and in what is restored of it (Debian 13)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from deploys.settings import secrets
from deploys.settings.debian import WITH_PGVECTOR
from tests import lab
from tests.backups import STATE
from tests.scenarios import strangers

pytestmark = pytest.mark.long

INVENTORY = "inventories/lab_smallest.py"
HOSTS = PRIMARY, REPLICA = "one1", "two1"
NEAREST = "select name from papers order by embedding <-> '[0,0,1]' limit 1"
PAPERS = """
create table papers (name text, embedding vector(3));
insert into papers select i::text, array[i, i % 7, 0]::vector from generate_series(1, 20000) as i;
insert into papers values ('reads', '[0,0.1,1]');
create index on papers using hnsw (embedding vector_l2_ops);
create index on papers (embedding);
"""


def services() -> dict[str, Any]:
    return {
        "rag": {
            "source": strangers.program(),
            "hosts": [PRIMARY],
            "port": 8087,
            "gateway": False,
            "database": "rag",
            "vectors": True,
        }
    }


def deployed() -> lab.Run:
    return lab.site("--data", f"services={json.dumps(services())}", inventory=INVENTORY)


@pytest.fixture(scope="module", autouse=True)
def site_as_it_should_be() -> Iterator[None]:
    """Not the whole lab: the smallest site, which is made for this and taken away after it."""
    secrets.invent(".env.lab", ["RAG_DATABASE_PASSWORD"])
    lab.destroy(*HOSTS)
    lab.up(*HOSTS, inventory=INVENTORY)
    run = deployed()
    assert run.code == 0, run.output
    yield
    lab.destroy(*HOSTS)


def by_service(statements: str) -> str:
    """What its database answers to the service's own role."""
    variables = strangers.asked(PRIMARY, 8087, INVENTORY)["variables"]
    script = f"psql -XAtq --set=ON_ERROR_STOP=1 '{variables['DATABASE_URL']}' <<'SQL'\n{statements}\nSQL"
    return lab.ssh(PRIMARY, script, inventory=INVENTORY).strip()


def by_superuser(name: str, query: str) -> str:
    psql = "cd /; runuser -u postgres -- psql -XAtq --port=5433 --dbname=rag"
    return lab.ssh(name, f"{psql} <<'SQL'\n{query};\nSQL", inventory=INVENTORY).strip()


def test_the_service_keeps_vectors_and_finds_the_nearest() -> None:
    by_service(PAPERS)
    assert by_service(f"set enable_seqscan = off; explain {NEAREST};").count("Index Scan") == 1
    assert by_service(f"{NEAREST};") == "reads"


def test_its_indexes_are_built_by_one_process() -> None:
    assert by_service("show max_parallel_maintenance_workers;") == "0"
    assert by_superuser(PRIMARY, "select rolname from pg_extension join pg_roles on pg_roles.oid = extowner "
                                 "where extname = 'vector'") == "postgres"  # fmt: skip


def test_a_second_run_changes_nothing() -> None:
    again = deployed()
    assert again.code == 0, again.output
    assert again.changes == {}


def test_a_replica_finds_the_same() -> None:
    lab.eventually(lambda: by_superuser(REPLICA, NEAREST) == "reads", within=30)


def test_a_setting_that_somebody_changed_and_an_extension_that_somebody_dropped_come_back() -> None:
    by_superuser(PRIMARY, "alter database rag reset max_parallel_maintenance_workers")
    assert deployed().changes == {"Postgres primary | Vectors": [PRIMARY]}
    by_superuser(PRIMARY, "drop extension vector cascade")
    assert deployed().changes == {"Postgres primary | Vectors": [PRIMARY]}
    by_service(f"drop table papers; {PAPERS}")
    assert by_service(f"{NEAREST};") == "reads"


def test_a_restored_cluster_is_proved_with_its_vectors() -> None:
    for name in HOSTS:
        lab.ssh(name, f"dpkg-query --show {WITH_PGVECTOR.pgvector}", inventory=INVENTORY)
    by_superuser(PRIMARY, "select pg_switch_wal()")

    def rows() -> int:
        """Those of all tables in what was restored, each index of which was checked."""
        drill = lab.pyinfra("-y", INVENTORY, "deploys/restore_drill.py", timeout=900)
        assert drill.code == 0, drill.output
        found: dict[str, Any] = json.loads(lab.ssh(REPLICA, f"cat {STATE}/drill.json", inventory=INVENTORY))
        return int(found["rows"])

    lab.eventually(lambda: rows() > 20_000, within=180, every=5)
