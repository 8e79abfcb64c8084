"""The workflow says only what make targets do, and lint finds what a workflow must not say."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

WORKFLOW = Path(".github/workflows/site.yml")
TEXT = WORKFLOW.read_text()
JOBS: dict[str, dict[str, Any]] = YAML(typ="safe").load(TEXT)["jobs"]


def steps(job: str) -> list[str]:
    return [step["run"] for step in JOBS[job]["steps"] if "run" in step]


def make(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    # Where CI is set, zizmor colours its findings though nobody looks at a terminal.
    environment["NO_COLOR"] = "1"
    return subprocess.run(
        ["make", "--no-print-directory", *map(str, arguments)],
        capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("job", JOBS)
def test_every_step_is_a_make_target(job: str) -> None:
    assert steps(job)
    for step in steps(job):
        assert re.fullmatch(r"make [a-z-]+( [A-Z]+=\S+)*", step), step
        planned = make("--dry-run", *step.split()[1:])
        assert planned.returncode == 0, planned.stderr


def test_production_comes_after_staging_has_been_verified_and_by_hand_only() -> None:
    assert steps("staging")[-2:] == [
        "make deploy INVENTORY=inventories/staging.py",
        "make verify INVENTORY=inventories/staging.py",
    ]
    assert {"test", "bundle"} <= set(JOBS["staging"]["needs"])
    assert JOBS["production"]["needs"] == "staging"
    assert JOBS["production"]["environment"] == "production"
    assert "github.event_name == 'workflow_dispatch'" in JOBS["production"]["if"]


CHECKOUT = next(line for line in TEXT.splitlines() if "actions/checkout@" in line)
WEAKNESSES = {
    "template-injection": ("run: make bundle", 'run: make bundle "${{ github.event.pull_request.title }}"'),
    "unpinned-uses": (CHECKOUT, CHECKOUT.partition("@")[0] + "@v7"),
    "artipacked": ("persist-credentials: false", "fetch-depth: 1"),
    "excessive-permissions": ("permissions: {}", "permissions: write-all"),
    "dangerous-triggers": ("  pull_request:\n", "  pull_request_target:\n"),
}


def faulty(file: Path, right: str, wrong: str) -> Path:
    assert right in TEXT
    file.write_text(TEXT.replace(right, wrong, 1))
    return file


def test_lint_finds_each_weakness(tmp_path: Path) -> None:
    files = [faulty(tmp_path / f"{weakness}.yml", *fault) for weakness, fault in WEAKNESSES.items()]
    checked = make("workflows", f"WORKFLOWS={' '.join(map(str, files))}")
    assert checked.returncode != 0
    # A finding begins with its level and name, and names the file in the line below.
    found = set(re.findall(r"^\w+\[([\w-]+)\]: .*\n +--> .*/([\w-]+)\.yml:", checked.stdout, re.MULTILINE))
    assert {(weakness, weakness) for weakness in WEAKNESSES} <= found


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ("runs-on: check", "run-on: check", "'runs-on' is a required property"),
        ("    timeout-minutes: 15\n", "", "'timeout-minutes' is a required property"),
    ],
)
def test_lint_finds_what_no_workflow_is(tmp_path: Path, right: str, wrong: str, complaint: str) -> None:
    checked = make("workflows", f"WORKFLOWS={faulty(tmp_path / 'faulty.yml', right, wrong)}")
    assert checked.returncode != 0
    assert complaint in checked.stdout + checked.stderr


def test_lint_looks_at_every_workflow() -> None:
    looked_at = make("--dry-run", "lint").stdout
    assert looked_at.count(str(WORKFLOW)) == 3
    assert {path.name for path in WORKFLOW.parent.iterdir()} == {WORKFLOW.name}


def test_the_files_of_a_site_are_linked_from_where_the_runner_keeps_them(tmp_path: Path) -> None:
    kept = tmp_path / "sites"
    missing = make("-C", tmp_path, "-f", Path("Makefile").absolute(), "site-files", f"KEPT={kept}", "SITE=try")
    assert f"There is no {kept}/.env.try" in missing.stdout
    assert missing.returncode != 0
    (kept / ".state/try").mkdir(parents=True)
    (kept / ".env.try").touch()
    linked = make("-C", tmp_path, "-f", Path("Makefile").absolute(), "site-files", f"KEPT={kept}", "SITE=try")
    assert linked.returncode == 0, linked.stdout
    assert (tmp_path / ".env.try").readlink() == kept / ".env.try"
    assert (tmp_path / ".state/try").readlink() == kept / ".state/try"
