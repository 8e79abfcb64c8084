"""
A journal file, in which a text was found as bytes: journalctl would read a million lines one by one, in seconds.

The format is systemd's own (https://systemd.io/JOURNAL_FILE_FORMAT), of which this reads what a receiver of the site
writes: nothing is compressed.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SIGNATURE = b"LPKSHHRH"
KNOWN = 0b11111
"""What of a file's incompatible flags this knows; the last of them says that it is compact."""
COMPACT = 0b10000
DATA, ENTRY, ARRAY = 1, 3, 6
LONGEST = 1 << 20
"""Bytes before a text within which its line begins."""

Entry = dict[str, Any]
"""The fields of an entry, as texts; but ``__REALTIME_TIMESTAMP``, when it was written, in microseconds since 1970."""


class Unknown(Exception):
    """A file of a kind that this does not know."""


class JournalFile:
    """
    A file, to be closed by ``with``.

    + path: of the file
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        flags = struct.unpack_from("<I", self._map, 12)[0]
        if self._map[:8] != SIGNATURE or flags & ~KNOWN:
            raise Unknown(f"{path} is no journal file that this program knows.")
        self._compact = bool(flags & COMPACT)
        self._payload = 72 if self._compact else 64
        self.first: int
        self.last: int
        self.first, self.last = struct.unpack_from("<QQ", self._map, 184)
        """When its first and last lines are of, in microseconds since 1970."""

    def __enter__(self) -> JournalFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._map.close()

    def entries(self, text: bytes) -> Iterator[Entry]:
        """The entries that have a text in their message."""
        place = self._map.find(text)
        while place >= 0:
            data = self._message(place)
            if data is None:
                place += len(text)
            else:
                place = data + self._size(data)
                yield from (self._fields(entry) for entry in self._having(data) if self._is(entry, ENTRY))
            place = self._map.find(text, place)

    def _having(self, data: int) -> Iterator[int]:
        """Where the entries are that have this: it is there once, also where many say the same."""
        entry, array, number = struct.unpack_from("<QQQ", self._map, data + 40)
        yield entry
        left = number - 1
        kind, width = ("I", 4) if self._compact else ("Q", 8)
        while left > 0 and self._is(array, ARRAY):
            here = min(left, max(1, (self._size(array) - 24) // width))
            yield from struct.unpack_from(f"<{here}{kind}", self._map, array + 24)
            left, array = left - here, struct.unpack_from("<Q", self._map, array + 16)[0]

    def _message(self, place: int) -> int | None:
        """Where the object begins that has this place in its message; None where it is in another field."""
        begin = self._map.rfind(b"MESSAGE=", max(0, place - LONGEST), place)
        data = begin - self._payload
        if begin < 0 or not self._is(data, DATA) or place >= data + self._size(data):
            return None
        return data

    def _fields(self, entry: int) -> Entry:
        size = self._size(entry)
        if self._compact:
            objects = struct.unpack_from(f"<{(size - 64) // 4}I", self._map, entry + 64)
        else:
            objects = struct.unpack_from(f"<{(size - 64) // 8}Q", self._map, entry + 64)[::2]
        fields: Entry = {"__REALTIME_TIMESTAMP": struct.unpack_from("<Q", self._map, entry + 24)[0]}
        for data in objects:
            if self._is(data, DATA):
                name, _, value = self._map[data + self._payload : data + self._size(data)].partition(b"=")
                fields[name.decode(errors="replace")] = value.decode(errors="replace")
        return fields

    def _size(self, place: int) -> int:
        return int(struct.unpack_from("<Q", self._map, place + 8)[0])

    def _is(self, place: int, kind: int) -> bool:
        """Whether an object of a kind begins here: objects begin at multiples of eight."""
        return place > 0 and place % 8 == 0 and place + self._payload <= len(self._map) and self._map[place] == kind
