"""
Operations as data: arguments and what the host prints, and what an operation then does on it.

A directory per operation, named after its module below deploys/operations and itself; in it a file
per case. What is above ``[expected]`` in a file is written by hand, what is below it by

    python -m tests.unit.operations --write

which only writes what is so today: read it with ``git diff``, since it is what runs on a host.

    [arguments]          of the operation, as its type hints have them
    [[facts]]            what a fact's command prints: ``fact`` is its class, ``host`` another than the
                         operation's own, ``output`` its lines; a fact that is read several times
                         gets one answer after the other, and the last one from then on
    hosts = ["pg1"]      further hosts of the inventory
    diff = true          as with ``--diff``
    planning = true      as in a plan: nothing is executed
    [files]              files of the controller, that an argument names as ``{files}/name``

Every operation has the cases ``nothing_there`` and ``as_it_should_be`` (which does nothing), and at
least one with a difference.
"""
