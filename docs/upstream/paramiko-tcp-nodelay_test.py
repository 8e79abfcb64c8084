"""A connection sends its packets at once; what is no TCP socket is left as it is."""

import socket

from paramiko import Transport


def test_a_tcp_socket_does_not_wait() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sock = socket.create_connection(listener.getsockname())
        transport = Transport(sock)
        try:
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        finally:
            transport.close()


def test_another_socket_is_taken_as_it_is() -> None:
    one, other = socket.socketpair()
    with one, other:
        Transport(one).close()
