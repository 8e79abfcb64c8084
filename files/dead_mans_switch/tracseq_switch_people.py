"""How the dead man's switch tells people: by mail, and by what Alertmanager itself posts to."""

import json
import smtplib
import ssl
import urllib.request
from email.message import EmailMessage
from http.client import HTTPException

TIMEOUT = 20


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


def body(way, settings, alert, wrong, subject, text):
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
    status = "firing" if wrong else "resolved"
    labels = {"alertname": alert, "severity": "page", "site": settings["site"]}
    alert = {"status": status, "labels": labels, "annotations": {"summary": subject, "description": text}}
    return {"version": "4", "status": status, "commonLabels": labels, "alerts": [alert]}


def post(url, content):
    """Post it as JSON."""
    request = urllib.request.Request(url, json.dumps(content).encode(), {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=TIMEOUT).close()


def ways(settings, alert, wrong, subject, text):
    """How people are told, by a name for each way; mail first."""
    if settings["mail"]["server"]:
        yield "mail", lambda: send_mail(settings["mail"], subject, text)
    for way, urls in settings["webhooks"].items():
        for number, url in enumerate(urls, 1):
            content = body(way, settings, alert, wrong, subject, text)
            yield f"{way} {number}", lambda url=url, content=content: post(url, content)


def tell(known, settings, now, wrong, message, repeat):
    """
    Tell people by each way by which they do not know yet, and note by which they do.

    Args:
        known: what is known of it; ``said`` has the time at which each way said that it is wrong
        wrong: whether it is, or is no longer
        message: the alert, its subject and its text
        repeat: after how many seconds it is said again

    Returns:
        Why each way that failed did.
    """
    said, problems = known.setdefault("said", {}), []
    for name, way in ways(settings, message[0], wrong, *message[1:]):
        again = name in said and now - said[name] > repeat
        if not (again or name not in said if wrong else name in said):
            continue
        print(f"{name}: {message[2]}", flush=True)
        try:
            way()
        except (OSError, HTTPException, smtplib.SMTPException) as error:
            problems.append(f"{name}: {error}")
        else:
            if wrong:
                said[name] = now
            else:
                del said[name]
    return problems
