"""What a site's own settings of Postgres do beside those that every server has."""

from __future__ import annotations

from tests.plan.conftest import PlannedCopy


def test_libraries_of_the_sites_own_are_loaded_beside_ours(copy: PlannedCopy) -> None:
    own = '{"shared_preload_libraries": "auto_explain, pg_prewarm"}'
    run = copy.plan("--diff", "--data", f"postgres_settings={own}")
    assert run.code == 0, run.output
    assert "shared_preload_libraries = 'pg_stat_statements,auto_explain,pg_prewarm'" in run.output
