"""
Gets a certificate by ACME when two thirds of the life of the one that is there are over, and tells how that goes.

An authority counts what is asked of it, and two load balancers ask twice: after a failure it is left alone for half an
hour, then for twice as long each time, up to half a day. What is new in the settings is tried at once. A timer starts
this; the client is lego.

    tracseq_acme.py SETTINGS

A file ``now`` in the directory of its state has it ask at once, whatever there is.
"""

import json
import os
import shutil
import ssl
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

CLIENT = "/usr/bin/lego"
TIMEOUT = 300
"""Seconds that one attempt may take: a record of a name server has a minute to be seen."""
SHARE = 3
"""A certificate is renewed when one of this many parts of its life is left; it is late with half of that."""
FIRST_PAUSE, LONGEST_PAUSE = 1800, 43200
"""Seconds for which an authority is left alone after a failure."""
FORGOTTEN = "urn:ietf:params:acme:error:accountDoesNotExist"
"""What an authority says that does not know the account (RFC 8555, section 6.7)."""
METRIC = "tracseq_acme"


def life(certificate):
    """When a certificate begins to be valid, and when it ends; None where there is none."""
    done = subprocess.run(
        ["openssl", "x509", "-noout", "-startdate", "-enddate", "-in", certificate],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        return None
    return tuple(ssl.cert_time_to_seconds(line.partition("=")[2]) for line in done.stdout.splitlines())


def due(found, share=SHARE):
    """When a certificate is to be renewed; at once where there is none."""
    return found[1] - (found[1] - found[0]) / share if found else 0


def pause(failures):
    """For how long an authority is left alone after so many failures, in seconds."""
    return min(FIRST_PAUSE * 2 ** (failures - 1), LONGEST_PAUSE) if failures else 0


def command(settings, state, environment):
    """The client's command line, and its environment."""
    line = [CLIENT, "--accept-tos", "--path", state / "lego", "--server", settings["directory"]]
    line += ["--email", settings["contact"], "--domains", settings["name"]]
    environment = {name: environment[name] for name in ("PATH", "HOME") if name in environment} | {
        "LEGO_CA_CERTIFICATES": settings["authority"]
    }
    if settings["updates"]:
        line += ["--dns", "rfc2136"]
        environment |= settings["updates"]
        environment["RFC2136_TSIG_SECRET"] = Path(os.environ["CREDENTIALS_DIRECTORY"], "secret").read_text()
    else:
        line += ["--http", "--http.webroot", state / "www"]
    return [*line, "run"], environment


def refused(settings, state):
    """What the client said, of which no certificate came; None where one did."""
    line, environment = command(settings, state, os.environ)
    try:
        done = subprocess.run(
            line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=TIMEOUT,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"nothing came of it within {TIMEOUT} s"
    said = done.stdout.strip()
    print(said, flush=True)
    return (said or "the client said nothing") if done.returncode else None


def attempted(settings, state):
    """Why no certificate came; None where one did."""
    time.sleep(settings["waits"])
    said = refused(settings, state)
    if said and FORGOTTEN in said:
        # An authority that was made anew knows none of its accounts, and the client would name the old one for ever.
        server = urllib.parse.urlsplit(settings["directory"]).netloc.replace(":", "_")
        shutil.rmtree(state / "lego" / "accounts" / server, ignore_errors=True)
        said = refused(settings, state)
    return said.splitlines()[-1] if said else None


def told(known, lives, directory):
    """
    Leave in a file how it goes, for the exporter of the machine.

    Args:
        known: of earlier attempts, and of this one
        lives: of the certificate that came last, and of the one that is shown
        directory: of the file
    """
    rows = [
        ("last_success_timestamp_seconds", "When the last certificate came; 0: none yet.", known.get("success", 0)),
        ("failures", "Attempts that failed since then.", known.get("failures", 0)),
        ("late_timestamp_seconds", "When it should long be renewed.", min(due(one, 2 * SHARE) for one in lives)),
    ]
    lines = []
    for name, meaning, value in rows:
        metric = f"{METRIC}_{name}"
        lines += [f"# HELP {metric} {meaning}", f"# TYPE {metric} gauge", f"{metric} {value:.0f}"]
    directory.mkdir(exist_ok=True)
    written(directory / "acme.prom", "\n".join(lines) + "\n")


def written(path, text):
    """Have a file, at once."""
    new = path.with_name(f".{path.name}")
    new.write_text(text)
    new.replace(path)


def read(path):
    """What is known of earlier attempts."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return {}


def main(settings, state, now):
    """
    Ask where that is due.

    Args:
        settings: what is asked, and of whom
        state: the directory of what is known
        now: the time
    """
    for name, mode in (("lego", 0o700), ("www", 0o755)):
        (state / name).mkdir(mode=mode, exist_ok=True)
    certificate = state / "lego" / "certificates" / f"{settings['name']}.crt"
    at_once, file = state / "now", state / "known.json"
    known = read(file)
    if known.get("settings") != settings:
        known |= {"settings": settings, "failures": 0}
    failures = known["failures"]
    waits = 0 <= now - known.get("tried", 0) < pause(failures)
    # One that another authority signed, or for a name that was, is no answer to what is asked now.
    asked = [settings["directory"], settings["name"]]
    wanted = known.get("answered") != asked or now >= due(life(certificate))
    if at_once.exists() or (wanted and not waits):
        at_once.unlink(missing_ok=True)
        problem = attempted(settings, state)
        known["tried"] = now
        if problem:
            known["failures"] = failures + 1
            again = f"It is tried again after {pause(failures + 1) // 60} minutes."
            print(f"<3>No certificate came: {problem.rstrip('.')}. {again}", file=sys.stderr)
        else:
            known |= {"answered": asked, "failures": 0, "success": now}
        written(file, json.dumps(known))
    told(known, [life(path) for path in (certificate, settings["shown"])], state / "state")


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()), Path(os.environ["STATE_DIRECTORY"]), time.time())
