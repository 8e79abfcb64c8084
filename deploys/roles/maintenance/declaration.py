"""Every host: it knows which hosts are out for maintenance, and a load balancer sends such a gateway nothing."""

from __future__ import annotations

from deploys.settings.declaration import Declaration

DECLARATION = Declaration(title="Maintenance", phase=2)
