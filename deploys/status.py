"""
Show how the whole site is, and end with 1 when anything is wrong; nothing is changed, and no lock is taken.

    pyinfra inventories/production.py deploys/status.py
    pyinfra --json inventories/production.py deploys/status.py     the same for programs (controller/status/document.py)

It goes to standard output, all else to standard error. A host that does not answer is shown as such.
"""

import sys

from deploys.controller.status.report import report

sys.exit(report())
