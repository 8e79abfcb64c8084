"""The process: its sockets, its workers, and how it talks to systemd."""
