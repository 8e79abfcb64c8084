"""What the dead man's switch says to people."""

from datetime import UTC, datetime

from tracseq_switch_counts import fails


def name(where):
    """Of a host."""
    return where.partition(":")[0]


def moment(when):
    """As people read it."""
    return datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def others(settings, where):
    """Who else tells people."""
    left = [name(other) for other in settings["ask"] if other != where]
    return f"Unless {', '.join(left)} does, nobody" if left else "Nobody"


def silence(settings, where, heard, silent, problem, note=None):
    """That a host hears nothing, or hears again: the alert, its subject and its text."""
    subject = f"MonitoringDead of {name(where)} ({settings['site']})"
    if not silent:
        why = (
            f"is out for maintenance until {note['until']}: {note.get('why')}"
            if note
            else "hears from Prometheus again, and tells you what is wrong with the site"
        )
        return "MonitoringDead", f"over: {subject}", f"Over: {name(where)} {why}.\n"
    text = (
        f"{name(where)} has heard nothing from Prometheus since {moment(heard)}: {problem}.\n"
        f"{others(settings, where)} tells you what else is wrong with the site.\n\n"
        f"Do: make status; on {name(where)}: journalctl -u prometheus -u prometheus-alertmanager -n 50\n"
        f"Read: docs/operations/monitoring.md\n"
        f"Said by: {settings['host']}\n"
    )
    return "MonitoringDead", f"1 firing: {subject}", text


def failure(settings, where, way, known):
    """That a host cannot send by a way, or can again: the alert, its subject and its text."""
    subject = f"NotificationsFail of {name(where)} by {way} ({settings['site']})"
    if not fails(known):
        return "NotificationsFail", f"over: {subject}", f"Over: what {name(where)} sends by {way} arrives again.\n"
    text = (
        f"All that {name(where)} sent by {way} has failed since {moment(known['since'])}.\n"
        f"{others(settings, where)} tells you by {way} what is wrong with the site.\n\n"
        f"Do: on {name(where)}: journalctl -u prometheus-alertmanager -n 20\n"
        f"Read: docs/operations/monitoring.md\n"
        f"Said by: {settings['host']}\n"
    )
    return "NotificationsFail", f"1 firing: {subject}", text
