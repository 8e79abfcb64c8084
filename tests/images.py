"""Archives of images, made for tests: as Docker and as the OCI lay them out."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

Entry = tarfile.TarInfo | tuple[tarfile.TarInfo, bytes]
PACKED: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "plain": ("application/vnd.oci.image.layer.v1.tar", bytes),
    "gzip": ("application/vnd.oci.image.layer.v1.tar+gzip", lambda data: gzip.compress(data, mtime=0)),
    "zstd": (
        "application/vnd.oci.image.layer.v1.tar+zstd",
        lambda data: subprocess.run(["zstd", "-q"], input=data, capture_output=True, check=True).stdout,
    ),
}
"""How a layer may lie in an archive: its media type, and what makes it so."""


def file(name: str, content: bytes | str = b"", mode: int = 0o644) -> Entry:
    """A file."""
    data = content.encode() if isinstance(content, str) else content
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), mode
    return entry, data


def special(name: str, kind: bytes, link: str = "", mode: int = 0o755) -> Entry:
    """Anything else."""
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname, entry.mode = kind, link, mode
    return entry


def directory(name: str) -> Entry:
    return special(name, tarfile.DIRTYPE)


def link(name: str, target: str) -> Entry:
    return special(name, tarfile.SYMTYPE, target)


def hard(name: str, target: str) -> Entry:
    return special(name, tarfile.LNKTYPE, target)


def layer(*entries: Entry) -> bytes:
    """A layer: a tar archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for one in entries:
            info, data = one if isinstance(one, tuple) else (one, b"")
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def config(layers: Iterable[bytes], architecture: str = "amd64", **of_run: Any) -> bytes:
    """The configuration of an image."""
    ids = [f"sha256:{digest(one)}" for one in layers]
    whole = {
        "os": "linux",
        "architecture": architecture,
        "config": of_run,
        "rootfs": {"type": "layers", "diff_ids": ids},
    }
    return json.dumps(whole).encode()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def layout(
    layers: list[bytes], packed: str = "gzip", configuration: bytes | None = None, **of_run: Any
) -> dict[str, bytes]:
    """The files of an OCI image layout."""
    kind, pack = PACKED[packed]
    text = config(layers, **of_run) if configuration is None else configuration
    blobs = [pack(one) for one in layers]
    manifest = json.dumps({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": _described("application/vnd.oci.image.config.v1+json", text),
        "layers": [_described(kind, one) for one in blobs],
    }).encode()  # fmt: skip
    architecture = json.loads(text).get("architecture", "")
    described = _described("application/vnd.oci.image.manifest.v1+json", manifest) | {
        "platform": {"os": "linux", "architecture": architecture},
        "annotations": {"org.opencontainers.image.ref.name": "latest"},
    }
    return {
        "oci-layout": b'{"imageLayoutVersion": "1.0.0"}',
        "index.json": json.dumps({"schemaVersion": 2, "manifests": [described]}).encode(),
        **{f"blobs/sha256/{digest(one)}": one for one in (text, manifest, *blobs)},
    }


def saved(layers: list[bytes], **of_run: Any) -> dict[str, bytes]:
    """The files of an archive as older versions of ``docker save`` write it."""
    text = config(layers, **of_run)
    names = [f"{digest(one)[:12]}{number}/layer.tar" for number, one in enumerate(layers)]
    manifest = [{"Config": f"{digest(text)}.json", "RepoTags": ["example:1"], "Layers": names}]
    return {
        f"{digest(text)}.json": text,
        **dict(zip(names, layers, strict=True)),
        "manifest.json": json.dumps(manifest).encode(),
    }


def archived(files: Mapping[str, bytes], path: Path) -> Path:
    """An archive of files."""
    path.write_bytes(layer(*(file(name, data) for name, data in files.items())))
    return path


def _described(kind: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": kind, "digest": f"sha256:{digest(data)}", "size": len(data)}
