"""Every host: a memory of which Postgres server is the primary."""

from __future__ import annotations

from deploys.settings.data import Data, value
from deploys.settings.declaration import Declaration, Listener
from deploys.settings.rule import Rule
from deploys.settings.units import Port


class Witness(Data):
    """group_data/all.py"""

    witness_port: Port = value("port on which hosts tell each other which Postgres server is the primary")


STATE = "/var/lib/tracseq-witness"
"""Where a host keeps what it has heard: a file a Postgres system, its name the system's identifier."""

DECLARATION = Declaration(
    title="Witness",
    shared=Witness,
    packages=("openssl",),
    listeners=(Listener("witness_port", ("systemd",)),),
    rules=(Rule(source="all", destination="all", ports=("witness_port",)),),
)
