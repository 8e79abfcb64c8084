"""A command of an operation, as people read it: scripts without their wrapping, archives as listings."""

from __future__ import annotations

import base64
import binascii
import io
import shlex
import stat
import tarfile
from typing import Any

from pyinfra.api import StringCommand

from deploys.engine.new_login import NewLogin
from deploys.operations.script import script

# What script() puts around its lines, for which tests/unit/test_script.py stands.
_BEFORE, _AFTER = script("LINES").get_raw_value().split(shlex.quote("set -eu\nLINES"))


def shown(command: StringCommand) -> dict[str, Any]:
    """
    A command by its kind, ``script``, ``new_login`` or ``command``, and what it reads from standard input.

    Nothing of the command is lost: from what is shown it could be made again.
    """
    text = command.get_raw_value()
    found: dict[str, Any] = {}
    if isinstance(command, NewLogin):
        found |= {"new_login": text, "timeout": command.timeout, "otherwise": command.otherwise}
    elif (lines := _lines(text)) is not None:
        found["script"] = lines
    else:
        found["command"] = text
    arguments = dict(command.connector_arguments)
    if given := arguments.pop("_stdin", ""):
        found |= _read(str(given))
    return found | {name: str(value) for name, value in arguments.items()}


def shell(shown: dict[str, Any]) -> str:
    """The shell text of a command that is shown."""
    return next(str(shown[kind]) for kind in ("script", "new_login", "command") if kind in shown)


def _lines(text: str) -> str | None:
    """The lines of a script, where the command is one just as script() writes it."""
    if not (text.startswith(_BEFORE) and text.endswith(_AFTER)):
        return None
    words = shlex.split(text.removeprefix(_BEFORE).removesuffix(_AFTER))
    return words[0] if len(words) == 1 and _BEFORE + shlex.quote(words[0]) + _AFTER == text else None


def _read(text: str) -> dict[str, str]:
    """What a command reads: the listing of an archive, or the text as it is."""
    try:
        with tarfile.open(fileobj=io.BytesIO(base64.b64decode(text, validate=True))) as tar:
            entries = [_entry(tar, one) for one in tar]
    except (binascii.Error, tarfile.TarError):
        return {"stdin": text}
    return {"archive": "".join(entries)}


def _entry(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> str:
    kinds = {tarfile.DIRTYPE: stat.S_IFDIR, tarfile.SYMTYPE: stat.S_IFLNK, tarfile.REGTYPE: stat.S_IFREG}
    line = f"{stat.filemode(kinds[entry.type] | entry.mode)} {entry.uname} {entry.gname} {entry.name}"
    if entry.issym():
        return f"{line} -> {entry.linkname}\n"
    held = tar.extractfile(entry)
    content = held.read().decode() if held else ""
    lines = "".join(f"    {one}\n" for one in content.splitlines())
    return f"{line}\n{lines}" + ("    (no line break at its end)\n" if content and not content.endswith("\n") else "")
