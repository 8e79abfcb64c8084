"""Load balancers that get the certificate of the public name by ACME."""
