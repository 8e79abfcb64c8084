"""
What deploys/engine takes for granted of pyinfra's connections and of paramiko, one test for each.

After an upgrade of one of them, what is red here is what deploys/engine has to be looked through for.
"""

from __future__ import annotations

import inspect
import socket
from pathlib import Path
from typing import Any

import pytest
from paramiko import ECDSAKey, SSHClient, Transport
from paramiko.packet import Packetizer
from pyinfra.api.exceptions import ConnectError
from pyinfra.api.host import Host

from deploys.engine import connection
from deploys.engine.connecting import ADVICE
from tests.unit.ssh_servers import KEY, hangs_up, known, lets_in, listening, refused_port, ssh_host, talks_http


def answer(directory: Path, about: str) -> str:
    """How pyinfra words what is wrong with a connection, by the beginning that ADVICE knows."""
    if about == "Could not connect":
        return refusal(ssh_host(directory, refused_port()))
    if about == "Could not resolve hostname":
        return refusal(ssh_host(directory, 22, ssh_hostname="no-such-name.invalid"))
    serve = {"Authentication error": lets_in(None), "SSH error": talks_http, "EOF error": hangs_up}
    with listening(serve.get(about, lets_in(KEY))) as port:
        if about == "SSH host key error":
            known(directory, port, ECDSAKey.generate())
        return refusal(ssh_host(directory, port))


def refusal(host: Host) -> str:
    with pytest.raises(ConnectError) as refused:
        host.connector.connect()
    return str(refused.value)


@pytest.mark.parametrize("about", ADVICE)
def test_what_is_wrong_with_a_connection_begins_as_the_advice_expects(tmp_path: Path, about: str) -> None:
    assert answer(tmp_path, about).startswith(about)


def test_a_connector_has_its_client_once_it_is_connected(tmp_path: Path) -> None:
    with listening(lets_in(KEY)) as port:
        host = ssh_host(tmp_path, port)
        connector: Any = host.connector
        assert connector.client is None
        assert connection.of(host) is None
        connector.connect()
        assert isinstance(connector.client, SSHClient)
        connector.client.close()


def test_a_connection_is_made_by_the_factory_of_the_hosts_data(tmp_path: Path) -> None:
    with listening(lets_in(KEY)) as port:
        host = ssh_host(tmp_path, port, ssh_paramiko_connect_kwargs={"transport_factory": connection.connection})
        connector: Any = host.connector
        connector.connect()
        made = connection.of(host)
        assert isinstance(made, connection.Connection)
        assert isinstance(made.sock, socket.socket)
        assert made.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        connector.client.close()


def test_a_connection_has_nagles_delay_without_that_factory(tmp_path: Path) -> None:
    """Once this fails, that part of engine/connection.py can go."""
    with listening(lets_in(KEY)) as port:
        connector: Any = ssh_host(tmp_path, port).connector
        connector.connect()
        assert not connector.client.get_transport().sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        connector.client.close()


def test_a_second_connector_of_a_host_has_a_connection_of_its_own(tmp_path: Path) -> None:
    """engine/new_login.py makes one."""
    with listening(lets_in(KEY)) as port:
        host = ssh_host(tmp_path, port)
        first: Any = host.connector
        second: Any = type(first)(host.state, host)
        first.connect()
        second.connect()
        assert first.client is not second.client
        second.client.close()
        assert first.client.get_transport().is_active()
        first.client.close()


def test_a_transport_takes_another_class_for_its_packets() -> None:
    assert "packetizer_class" in inspect.signature(Transport).parameters


def test_packets_are_read_and_written_by_two_methods() -> None:
    assert list(inspect.signature(Packetizer.write_all).parameters) == ["self", "out"]
    assert list(inspect.signature(Packetizer.read_all).parameters) == ["self", "n", "check_rekey"]
