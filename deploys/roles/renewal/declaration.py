"""Every host of a site with an online authority: it renews its certificates by itself."""

from __future__ import annotations

from deploys.settings.declaration import Declaration

NAME = "tracseq-renewal"

DECLARATION = Declaration(
    title="Renewal of certificates",
    phase=4,
    packages=("openssl", "python3"),
    traces=(f"/etc/systemd/system/{NAME}.timer",),
)
