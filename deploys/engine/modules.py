"""
The files that pyinfra runs, known to Python by their names.

pyinfra runs a deploy as a text and not as a module, and asks ``inspect`` for the whole stack at each
operation of each host. ``inspect`` then searches every module that there is, in vain, for the one
that the text's lines belong to: a third of what an operation costs this machine. Once pyinfra gives
its texts a module, this file and its line in config.py can go.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType


def name_files(directory: str) -> None:
    """
    Give each Python file of a directory an empty module that bears its name.

    Args:
        directory: below the repository's root
    """
    for path in Path(directory).glob("*.py"):
        # No import can ask for a name with a slash in it.
        module = ModuleType(str(path))
        module.__file__ = str(path.resolve())
        sys.modules[module.__name__] = module
