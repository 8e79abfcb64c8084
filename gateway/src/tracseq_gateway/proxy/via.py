"""The field that tells of the gateway on a message's way (RFC 9110, 7.6.3)."""

NAME = b"tracseq-gateway"
VIA = (b"via: 1.1 " + NAME + b"\r\n", b"via: 1.0 " + NAME + b"\r\n")
"""The field line, at 1 for a message that was received as HTTP/1.0."""
