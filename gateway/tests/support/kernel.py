"""What the kernel tells of a process."""

import os
from collections import Counter
from pathlib import Path


def descriptors(process_id: int) -> int:
    """Return how many descriptors a process has open."""
    return len(os.listdir(f"/proc/{process_id}/fd"))


def remote_ports(process_id: int) -> Counter[int]:
    """Return how many TCP sockets a process has to which port of another (proc_net(5)); 0 for those that listen."""
    held = {os.readlink(entry) for entry in Path(f"/proc/{process_id}/fd").iterdir() if entry.is_symlink()}
    ports: Counter[int] = Counter()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{process_id}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if f"socket:[{fields[9]}]" in held:
                ports[int(fields[2].rpartition(":")[2], 16)] += 1
    return ports


def resident_memory(process_id: int) -> int:
    """Return the memory of a process in bytes."""
    return int(Path(f"/proc/{process_id}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
