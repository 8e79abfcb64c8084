"""What the kernel tells of a process."""

import os
from pathlib import Path


def descriptors(process_id: int) -> int:
    """Return how many descriptors a process has open."""
    return len(os.listdir(f"/proc/{process_id}/fd"))


def resident_memory(process_id: int) -> int:
    """Return the memory of a process in bytes."""
    return int(Path(f"/proc/{process_id}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
