"""A million lines of a gateway, as systemd-journal-upload would send them: a program, to be run on a host."""

SOURCE = """
import random, sys
draw, begin, boot = random.Random(1).getrandbits, 1_700_000_000_000_000, "cd" * 16
for one in range(1_000_000):
    message = (
        '{"time": "2023-11-14T22:13:20.123+00:00", "level": "INFO", "logger": "access", "request_id": "%032x", '
        '"trace_id": "%032x", "span_id": "%016x", "parent_span_id": "", "client": "192.0.2.7", "method": "GET", '
        '"path": "/api/sample/items/%d", "status": 200, "seconds": 0.004843, "received": 0, "sent": 193, '
        '"upstream": "192.0.2.61:8081", "user": "technician-1"}'
    ) % (draw(128), draw(128), draw(64), one)
    sys.stdout.write(
        f"__REALTIME_TIMESTAMP={begin + one * 1000}\\n__MONOTONIC_TIMESTAMP={one * 1000}\\n_BOOT_ID={boot}\\n"
        f"_TRANSPORT=stdout\\nPRIORITY=6\\n_UID=998\\n_GID=998\\n_COMM=python\\n_SYSTEMD_UNIT=tracseq-gateway.service\\n"
        f"_SYSTEMD_SLICE=system.slice\\n_MACHINE_ID={boot}\\n_HOSTNAME=gw1\\nSYSLOG_IDENTIFIER=python\\n_PID=421\\n"
        f"MESSAGE={message}\\n\\n"
    )
"""
