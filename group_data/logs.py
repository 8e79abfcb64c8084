"""The log host: it has the journal of every host of the site, its own among them."""

# What the logs of one host may take there, beside the 128 MB that are being written, and how long they are kept:
# whichever ends first. Lines go by files of a week (or of a twelfth of that time): some earlier, none later.
logs_size = "2GB"
logs_retention = "90d"
