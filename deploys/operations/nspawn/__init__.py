"""The lab's words: a root file system, a network, and machines booted from the one on the other."""
