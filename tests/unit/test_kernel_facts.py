"""What a host prints of its kernel is read as it is meant."""

from __future__ import annotations

from deploys.facts.sysctl import Kernel


def test_values_have_single_blanks_and_keys_have_dots() -> None:
    fact = Kernel()
    fact.command(keys=(), modules=(), paths=())
    found = fact.process(
        [
            "value\tnet/ipv4/tcp_rmem\t4096\t131072\t6291456",
            "value\tnet/core/somaxconn\t4096",
            "value\tkernel/domainname\t(none)",
            "fixed\tnet/core/rmem_max",
            "loaded\ttcp_bbr",
        ]
    )
    assert found.values["net.ipv4.tcp_rmem"] == "4096 131072 6291456"
    assert found.values["net.core.somaxconn"] == "4096"
    assert found.fixed == {"net.core.rmem_max"}
    assert found.loaded == {"tcp_bbr"}
