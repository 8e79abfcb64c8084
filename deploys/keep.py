"""
Pack what only this machine has of a site into one encrypted file; no host is connected to.

    pyinfra inventories/production.py deploys/keep.py

+ keep_passphrase_file: with --data, a file with the passphrase; without, gpg asks for it on the terminal
"""

# All of it happens before pyinfra connects (config.py): the file holds nothing that a host could tell.
