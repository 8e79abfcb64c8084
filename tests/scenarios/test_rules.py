"""Debian's own promtool and amtool say what each rule tells of, and who is told."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from deploys.controller.templates import render
from tests import changed_rules, lab, rules
from tests.inventory import group

HOST = group("gateways", lab.INVENTORY)[0].name
DIRECTORY = "/var/tmp/rules"
BRING = f"""
mkdir -p {DIRECTORY}/tools
cd {DIRECTORY}
apt-get --quiet=2 --option=APT::Sandbox::User=root download prometheus prometheus-alertmanager
for file in *.deb; do dpkg-deb --extract "$file" tools; done
"""


@pytest.fixture(scope="module", autouse=True)
def tools(site_as_it_should_be: None) -> Iterator[None]:
    """Both programs of the host's Debian, in a directory of their own: nothing is installed."""
    lab.ssh(HOST, f"rm -rf {DIRECTORY}\n{BRING}")
    yield
    lab.ssh(HOST, f"rm -rf {DIRECTORY}")


def brought(name: str, text: str) -> str:
    """The path of a file, with this text, beside the programs."""
    lab.ssh(HOST, f"cat > {DIRECTORY}/{name} <<'TEXT'\n{text}\nTEXT")
    return f"{DIRECTORY}/{name}"


def test_promtool_takes_each_file() -> None:
    for path in sorted(rules.RULES.glob("*.yml")):
        said = lab.ssh(HOST, f"{DIRECTORY}/tools/usr/bin/promtool check rules {brought(path.name, path.read_text())}")
        assert "SUCCESS" in said, said


def test_rules_fire_and_are_silent_as_they_should_and_every_part_of_them_counts() -> None:
    """Each case; and each threshold changed tenfold, and each leg taken away, which a case must notice."""
    files, tried = rules.of_files(), []
    for case in rules.CASES:
        rule = changed_rules.alone(files[case.alert].read_text(), case.alert)
        for what, version in (("", rule), *changed_rules.changed(rule)):
            test = rules.document(case, "rules.yml")
            tried.append({"what": f"{case.alert}: {what}", "rules": version, "test": test, "passes": not what})
    brought("rules.json", json.dumps(tried))
    program = brought("try.py", TRY)
    lab.ssh(
        HOST,
        "systemd-run --quiet --collect --unit=try-rules --service-type=exec"
        f" sh -c 'python3 {program} >{DIRECTORY}/out 2>&1'",
    )
    lab.eventually(lambda: "active" not in lab.ssh(HOST, "systemctl is-active try-rules; true").split(), 300, every=1)
    said = lab.ssh(HOST, f"cat {DIRECTORY}/out")
    assert json.loads(said) == [], said
    print(f"\n{len(rules.CASES)} rules; {len(tried) - len(rules.CASES)} changes of them were noticed")


TRY = f"""
import json, os, pathlib, subprocess, tempfile
from concurrent.futures import ThreadPoolExecutor

def wrong(one):
    with tempfile.TemporaryDirectory() as directory:
        for name, text in (("rules.yml", one["rules"]), ("test.yml", one["test"])):
            pathlib.Path(directory, name).write_text(text)
        command = ["{DIRECTORY}/tools/usr/bin/promtool", "test", "rules", directory + "/test.yml"]
        done = subprocess.run(command, capture_output=True, text=True)
    # A rule that cannot be read fails as well, and is noticed by no case.
    as_it_should = done.returncode == 0 if one["passes"] else "expr: " in done.stderr
    return None if as_it_should else [one["what"], done.stderr]

with ThreadPoolExecutor(os.cpu_count()) as workers, open("{DIRECTORY}/rules.json") as tried:
    print(json.dumps([one for one in workers.map(wrong, json.load(tried)) if one]))
"""


def test_pages_and_tickets_are_told_to_everybody_and_the_watchdog_to_nobody() -> None:
    mail = {"server": "mail.example.org:587", "sender": "a@example.org", "to": ["b@example.org"], "tls": True,
            "user": "a", "password": "b"}  # fmt: skip
    ways: dict[str, list[str]] = {"plain": ["https://example.org/a"], "slack": ["https://example.org/b"], "teams": []}
    text = render("monitoring/alertmanager.yml.j2", mail=mail, webhooks=ways, wait="30s", interval="5m", repeat="12h")
    amtool, path = f"{DIRECTORY}/tools/usr/bin/amtool", brought("alertmanager.yml", text)
    assert "SUCCESS" in lab.ssh(HOST, f"{amtool} check-config {path} 2>&1")
    for severity, receiver in (("page", "everybody"), ("ticket", "everybody"), ("none", "nobody")):
        said = lab.ssh(HOST, f"{amtool} config routes test --config.file={path} severity={severity}")
        assert said.strip() == receiver
