"""The lab with two load balancers: the address that they share."""

virtual_address = "10.77.0.10"
virtual_address6 = "fd77::10"
