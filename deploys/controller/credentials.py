"""The files of a certificate by which a host is known: those that a run makes, or that the host renewed by itself."""

from __future__ import annotations

from deploys.controller.certificates import Certificate
from deploys.controller.run import Run
from deploys.operations.file_set import File
from deploys.settings import declarations


def files(run: Run, certificate: str) -> tuple[File, File]:
    """
    A certificate and its key, for this host of the run.

    Args:
        run: the run
        certificate: path of the certificate, as a role of the host declares it
    """
    credential = next(one for one in declarations.credentials(run.site, run.host) if one.certificate == certificate)
    held = run.machine.held.get(certificate)
    of_key = f"{credential.owner} {credential.group} {credential.mode}"
    revoked = credential.revoked(run.revoked)
    kept = held is not None and held.key == of_key and run.authority.vouches_for(held.certificate, credential, revoked)
    made = Certificate("", "") if kept else run.authority.of(credential, revoked)
    return (
        File(credential.certificate, made.certificate, restart=credential.restart, kept=kept),
        File(
            credential.key,
            made.key,
            credential.owner,
            credential.group,
            credential.mode,
            secret=True,
            restart=credential.restart,
            kept=kept,
        ),
    )
