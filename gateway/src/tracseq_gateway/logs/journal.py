"""How urgent a line is, as the journal reads it from the line's beginning (sd-daemon(3))."""

import logging
import os

from tracseq_gateway.logs.sink import STANDARD_ERROR

PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
DEBUG_PRIORITY = 7


def is_journal() -> bool:
    """Return whether standard error goes to the journal (systemd.exec(5), JOURNAL_STREAM).

    A child of a unit may have its standard error elsewhere: the variable is inherited, the stream is not.
    """
    try:
        stream = os.fstat(STANDARD_ERROR)
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{stream.st_dev}:{stream.st_ino}"


def priority(level: int) -> str:
    """Return what a line of this level begins with; the journal takes it off again."""
    return f"<{next((number for least, number in PRIORITIES if level >= least), DEBUG_PRIORITY)}>"
