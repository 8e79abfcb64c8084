"""How a site is judged and shown, from values that were read before."""
