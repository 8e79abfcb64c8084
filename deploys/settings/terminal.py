"""What the terminal of whoever runs this can show."""

from __future__ import annotations

import os
from typing import TextIO


def shows_colours(stream: TextIO) -> bool:
    """
    Whether colours may be written there.

    Args:
        stream: a terminal, a file or a pipe
    """
    # https://no-color.org: set to anything but nothing.
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
