"""
Tells people when monitoring is dead, or cannot tell them anything: it cannot say that itself.

A rule of Prometheus always fires, so Alertmanager is told of it again and again, and counts that. Where
the count of a monitoring host has not changed for too long (Prometheus, Alertmanager, their host or the
network between is gone), this sends mail, and posts what Alertmanager itself would. It does so, too, where
Alertmanager has counted nothing but failures for some minutes of what it sent. A timer starts it.
"""

import json
import os
import ssl
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path

import tracseq_switch_people as people
import tracseq_switch_words as words
from tracseq_switch_counts import attempts, count, delivery, fails, judged

TIMEOUT = 10
"""Seconds that a host may take to be connected to, to begin with TLS, and to answer: for each."""


def answer(settings, credentials, where):
    """What the Alertmanager of a host counts, in the words of Prometheus."""
    context = ssl.create_default_context(cafile=credentials / "authority.crt")
    context.load_cert_chain(credentials / "client.crt", credentials / "client.key")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    with opener.open(f"https://{where}{settings['path']}", timeout=TIMEOUT) as found:
        return found.read().decode()


def out(settings, where, now):
    """
    The note of a host that is out for maintenance; None where it is not, or for longer than was planned.

    Until then nobody is told of its absence by Alertmanager either. What was planned for four hours and lasts for
    days has been forgotten, or went wrong.
    """
    try:
        note = json.loads(Path(settings["notes"], words.name(where)).read_text())
        end = datetime.strptime(note["until"], settings["moment"]).replace(tzinfo=UTC)
        return note if now < end.timestamp() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def looked(settings, credentials, where, before, now):
    """What is known of a host from now on, and why somebody could not be told."""
    if note := out(settings, where, now):
        known = {**before, "heard": now, "looked": now}
        message = words.silence(settings, where, now, False, "", note)
        return known, people.tell(known, settings, now, False, message, settings["repeat"])
    try:
        text = answer(settings, credentials, where)
        found, problem = count(text), "its Alertmanager answers, and is told nothing"
    except (OSError, HTTPException, ValueError) as error:
        text, found, problem = "", None, f"it does not answer ({error})"
    known, silent = judged(before, now, found, settings["after"])
    message = words.silence(settings, where, known["heard"], silent, problem)
    problems = people.tell(known, settings, now, silent, message, settings["repeat"])
    known["ways"] = dict(before.get("ways", {}))
    for way, numbers in attempts(text).items():
        known["ways"][way] = delivery(known["ways"].get(way, {}), now, *numbers)
    for way, one in known["ways"].items():
        # It is said again only while it goes on: a site that is well sends nothing, by which it would be seen to end.
        repeat = settings["repeat"] if one.get("last") == now else float("inf")
        problems += people.tell(one, settings, now, fails(one), words.failure(settings, where, way, one), repeat)
    return known, problems


def kept(file):
    """What was known at the last look, by host."""
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError):
        return {}


def main():
    credentials = Path(os.environ["CREDENTIALS_DIRECTORY"])
    file = Path(os.environ["STATE_DIRECTORY"], "known.json")
    settings = json.loads((credentials / "settings.json").read_text())
    before, problems = kept(file), []
    known = {where: before.get(where, {}) for where in settings["ask"]}
    # Side by side: the silence of one host must not be heard later because another does not answer.
    with ThreadPoolExecutor(len(known)) as pool:
        looks = {
            pool.submit(looked, settings, credentials, where, one, time.time()): where for where, one in known.items()
        }
        for look in as_completed(looks):
            known[looks[look]], wrong = look.result()
            problems += wrong
            new = file.with_suffix(".new")
            new.write_text(json.dumps(known))
            new.rename(file)
    if problems:
        sys.exit(f"Monitoring is dead or well again, and not everybody could be told: {'; '.join(problems)}")


if __name__ == "__main__":
    main()
