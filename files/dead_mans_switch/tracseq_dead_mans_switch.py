"""
Tells people when monitoring is dead: it cannot say that itself.

A rule of Prometheus always fires, so Alertmanager is told of it again and again, and counts that. Where
the count of a monitoring host has not changed for too long (Prometheus, Alertmanager, their host or the
network between is gone), this sends mail, and posts what Alertmanager itself would. A timer starts it.
"""

import json
import os
import re
import smtplib
import ssl
import sys
import time
import urllib.request
from datetime import UTC, datetime
from email.message import EmailMessage
from http.client import HTTPException
from pathlib import Path

TIMEOUT = 20
COUNT = re.compile(r"^alertmanager_alerts_received_total\{.*\} (\S+)$", re.MULTILINE)


def count(settings, credentials, where):
    """How many alerts the Alertmanager of a host was told, since it started."""
    context = ssl.create_default_context(cafile=credentials / "authority.crt")
    context.load_cert_chain(credentials / "client.crt", credentials / "client.key")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    with opener.open(f"https://{where}{settings['path']}", timeout=TIMEOUT) as answer:
        return sum(float(one) for one in COUNT.findall(answer.read().decode()))


def judged(before, now, found, after):
    """
    What is known of a host from now on, and whether it is silent for too long.

    Args:
        before: what was known; empty the first time
        now: the time
        found: its count; None where it did not answer
        after: how long it may be silent, in seconds
    """
    heard = min(before.get("heard", now), now)  # a clock that was put back must not hide a silence
    if now - before.get("looked", now) > after:
        heard = now  # this host was away itself, and knows nothing of the time between
    if found is not None and found != before.get("count"):
        heard = now
    count = before.get("count") if found is None else found
    return {**before, "heard": heard, "looked": now, "count": count}, now - heard > after


def words(settings, where, heard, silent, problem):
    """The subject of a message, and its text."""
    name = where.partition(":")[0]
    since = datetime.fromtimestamp(heard, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    if not silent:
        return (
            f"over: MonitoringDead of {name} ({settings['site']})",
            f"Over: {name} hears from Prometheus again, and tells you what is wrong with the site.\n",
        )
    others = [other.partition(":")[0] for other in settings["ask"] if other != where]
    rest = f"Unless {', '.join(others)} does, nobody" if others else "Nobody"
    return (
        f"1 firing: MonitoringDead of {name} ({settings['site']})",
        f"{name} has heard nothing from Prometheus since {since}: {problem}.\n"
        f"{rest} tells you what else is wrong with the site.\n\n"
        f"Do: make status; on {name}: journalctl -u prometheus -u prometheus-alertmanager -n 50\n"
        f"Read: docs/operations/monitoring.md\n"
        f"Said by: {settings['host']}\n",
    )


def send_mail(mail, subject, text):
    """Send it to everybody."""
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, mail["sender"], ", ".join(mail["to"])
    message.set_content(text)
    name, _, port = mail["server"].rpartition(":")
    with smtplib.SMTP(name.strip("[]"), int(port), timeout=TIMEOUT) as server:
        if mail["tls"]:
            server.starttls(context=ssl.create_default_context())
        if mail["user"]:
            server.login(mail["user"], mail["password"])
        server.send_message(message)


def body(way, settings, silent, subject, text):
    """What is posted, in the form of Alertmanager's webhook, of Slack or of Teams."""
    if way == "slack":
        return {"text": f"*{subject}*\n{text}"}
    if way == "teams":
        blocks = [{"type": "TextBlock", "text": part, "wrap": True} for part in (subject, text)]
        card = {"type": "AdaptiveCard", "version": "1.4", "body": blocks}
        return {
            "type": "message",
            "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}],
        }
    status = "firing" if silent else "resolved"
    labels = {"alertname": "MonitoringDead", "severity": "page", "site": settings["site"]}
    alert = {"status": status, "labels": labels, "annotations": {"summary": subject, "description": text}}
    return {"version": "4", "status": status, "commonLabels": labels, "alerts": [alert]}


def post(url, content):
    """Post it as JSON."""
    request = urllib.request.Request(url, json.dumps(content).encode(), {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=TIMEOUT).close()


def ways(settings, silent, subject, text):
    """How people are told, by a name for each way; mail first."""
    if settings["mail"]["server"]:
        yield "mail", lambda: send_mail(settings["mail"], subject, text)
    for way, urls in settings["webhooks"].items():
        for number, url in enumerate(urls, 1):
            content = body(way, settings, silent, subject, text)
            yield f"{way} {number}", lambda url=url, content=content: post(url, content)


def tell(known, settings, now, silent, subject, text):
    """
    Tell people by each way by which they do not know yet, and note by which they do.

    Args:
        known: what is known of the host; ``said`` has the time at which each way said that it is silent
        silent: whether it is, or is no longer

    Returns:
        Why each way that failed did.
    """
    said, problems = known.setdefault("said", {}), []
    for name, way in ways(settings, silent, subject, text):
        again = name in said and now - said[name] > settings["repeat"]
        if not (again or name not in said if silent else name in said):
            continue
        print(f"{name}: {text}", flush=True)
        try:
            way()
        except (OSError, HTTPException, smtplib.SMTPException) as error:
            problems.append(f"{name}: {error}")
        else:
            if silent:
                said[name] = now
            else:
                del said[name]
    return problems


def looked(settings, credentials, where, before, now):
    """What is known of a host from now on, and why somebody could not be told."""
    try:
        found, problem = count(settings, credentials, where), "its Alertmanager answers, and is told nothing"
    except (OSError, HTTPException, ValueError) as error:
        found, problem = None, f"it does not answer ({error})"
    known, silent = judged(before, now, found, settings["after"])
    return known, tell(known, settings, now, silent, *words(settings, where, known["heard"], silent, problem))


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
    for where in settings["ask"]:
        known[where], wrong = looked(settings, credentials, where, known[where], time.time())
        problems += wrong
        new = file.with_suffix(".new")
        new.write_text(json.dumps(known))
        new.rename(file)
    if problems:
        sys.exit(f"Monitoring is dead or well again, and not everybody could be told: {'; '.join(problems)}")


if __name__ == "__main__":
    main()
