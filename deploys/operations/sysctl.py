"""Kernel settings: in force now, and after every boot."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from pyinfra import host, logger

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.sysctl import Kernel, KernelState
from deploys.operations import file_set, staging
from deploys.operations.file_set import File
from deploys.operations.script import script

HEADER = "# Written by the deploy of this site; a change made here is undone by the next run.\n"


@operation
def settings(values: Mapping[str, str], modules: Sequence[str] = (), name_of_files: str = "60-tracseq") -> Steps:
    """
    Have kernel settings, in one drop-in file and live, with the modules that they need.

    A key that the running kernel does not offer, or that is not this host's to set, is reported
    by name. It stays in the file, for the kernel that does offer it, marked so that booting
    does not stop at it (sysctl.d(5)).

    + values: settings by key; several values in one are separated by single blanks
    + modules: modules to load at boot, before the settings, and now
    + name_of_files: of the files in /etc/sysctl.d and /etc/modules-load.d

    **Example:**

    .. code:: python

        sysctl.settings(
            name="Kernel settings",
            values={"net.ipv4.tcp_congestion_control": "bbr"},
            modules=["tcp_bbr"],
        )
    """
    files = [
        File(
            f"/etc/sysctl.d/{name_of_files}.conf",
            HEADER + "".join(f"-{key} = {value}\n" for key, value in values.items()),
        ),
        File(
            f"/etc/modules-load.d/{name_of_files}.conf",
            HEADER + "".join(f"{module}\n" for module in modules),
        ),
    ]
    current: KernelState = yield Reading(
        Kernel, keys=tuple(values), modules=tuple(modules), paths=tuple(file.path for file in files)
    )
    changes = file_set.difference(files, (), (), current.files)
    wanted = {key: value for key, value in values.items() if key in current.values and key not in current.fixed}
    wrong = {key: value for key, value in wanted.items() if current.values[key] != value}
    to_load = [module for module in modules if module in current.loadable]
    # A setting may exist only once its module is loaded, so it is set again after loading one.
    unset = [key for key in values if key not in current.values] if to_load else []
    _report([key for key in values if key not in unset], values, modules, current)
    if not changes and not wrong and not to_load:
        host.noop("the kernel runs with these settings")
        return
    file_set.show(changes)
    lines = staging.replaced(changes, validate=None)
    lines += [f"modprobe {shlex.quote(module)}" for module in to_load]
    lines += [_set(key, values[key]) for key in wrong]
    lines += [f"[ ! -e {_path(key)} ] || {_set(key, values[key])}" for key in unset]
    yield script(*lines, stdin=file_set.archive(changes.write))


def _path(key: str) -> str:
    return f"/proc/sys/{key.replace('.', '/')}"


def _set(key: str, value: str) -> str:
    return f"printf '%s\\n' {shlex.quote(value)} > {_path(key)}"


def _report(keys: Sequence[str], values: Mapping[str, str], modules: Sequence[str], current: KernelState) -> None:
    """Name what cannot be had here, each by its name; of a key that a module may bring, the next run knows."""
    unknown = [key for key in keys if key not in current.values]
    foreign = [key for key in keys if key in current.fixed and current.values[key] != values[key]]
    lacking = [module for module in modules if module not in current.loaded | current.loadable]
    for names, what in (
        (unknown, "its kernel does not offer"),
        (foreign, "not its own to set (a container shares its kernel)"),
        (lacking, "no such kernel module"),
    ):
        if names:
            logger.warning(f"{host.print_prefix}{what}: {', '.join(names)}")
