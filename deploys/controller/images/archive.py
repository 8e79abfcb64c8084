"""An archive of an image, as ``docker save`` or ``skopeo copy`` writes it: its configuration and its layers."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from deploys.controller.images import config
from deploys.controller.images.config import Config
from deploys.controller.images.tree import ArchiveError

LARGEST_DOCUMENT = 8 * 1024**2
"""Bytes of a manifest or a configuration."""
INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
DEEPEST = 4
"""Indexes within indexes."""


@dataclass(frozen=True)
class Layer:
    """A layer: the member that holds it, and its digest as it lies there where that is told."""

    member: str
    digest: str | None
    diff_id: str


class ImageArchive:
    """
    An archive of one image for one kind of machine.

    Args:
        tar: the archive
        architecture: as images call it, such as ``amd64``

    Raises:
        ArchiveError: where there is no such image in it, or several.
    """

    def __init__(self, tar: tarfile.TarFile, architecture: str) -> None:
        self._tar = tar
        self._architecture = architecture
        self._members = {member.name.removeprefix("./"): member for member in tar}
        if "index.json" in self._members:
            self.config, self.layers = self._of_layout()
        elif "manifest.json" in self._members:
            self.config, self.layers = self._of_docker()
        else:
            raise ArchiveError("it has neither index.json nor manifest.json: it is no archive of an image")
        if self.config.architecture != architecture:
            has = self.config.architecture or "no machine that it names"
            raise ArchiveError(f"the image is for {has}, and the host is {architecture}")

    def open(self, layer: Layer) -> IO[bytes]:
        """The bytes of a layer, as they lie in the archive."""
        return self._opened(layer.member)

    def _of_layout(self) -> tuple[Config, list[Layer]]:
        manifest = self._manifest(self._json("index.json"), 0)
        found = config.parse(self._blob(manifest["config"]["digest"]))
        layers = [str(one["digest"]) for one in manifest["layers"]]
        return found, list(self._with_diff_ids(found, [(_path(digest), digest) for digest in layers]))

    def _manifest(self, index: Any, depth: int) -> Any:
        """The manifest for this kind of machine, in an index or in one that it names."""
        try:
            entries = [one for one in index["manifests"] if self._fits(one)]
            if len(entries) != 1 or depth > DEEPEST:
                raise ArchiveError(
                    f"it has {len(entries)} images for linux/{self._architecture} (of {len(index['manifests'])}), "
                    "and must have one"
                )
            found = json.loads(self._blob(entries[0]["digest"]))
            return self._manifest(found, depth + 1) if entries[0].get("mediaType") in INDEXES else found
        except (KeyError, TypeError, ValueError) as error:
            raise ArchiveError(f"its index or manifest is none ({type(error).__name__}: {error})") from error

    def _fits(self, entry: Any) -> bool:
        platform = entry.get("platform")
        return platform is None or (platform.get("os"), platform.get("architecture")) == ("linux", self._architecture)

    def _of_docker(self) -> tuple[Config, list[Layer]]:
        images = self._json("manifest.json")
        if not isinstance(images, list) or len(images) != 1:
            raise ArchiveError("it has several images, or none: docker save one")
        name, layers = str(images[0]["Config"]), [str(one) for one in images[0]["Layers"]]
        text = self._read(name)
        # Its name is its digest (Docker Image Specification v1.2), and in newer archives also its place.
        named = Path(name).stem
        if len(named) == 64 and hashlib.sha256(text).hexdigest() != named:
            raise ArchiveError(f"{name} does not have the digest that it is named by")
        found = config.parse(text)
        return found, list(self._with_diff_ids(found, [(layer, None) for layer in layers]))

    def _with_diff_ids(self, found: Config, layers: list[tuple[str, str | None]]) -> Iterator[Layer]:
        if len(layers) != len(found.diff_ids):
            raise ArchiveError(f"it has {len(layers)} layers, and its configuration names {len(found.diff_ids)}")
        for (member, digest), diff_id in zip(layers, found.diff_ids, strict=True):
            yield Layer(member, digest, diff_id)

    def _blob(self, digest: str) -> bytes:
        text = self._read(_path(digest))
        if f"sha256:{hashlib.sha256(text).hexdigest()}" != digest:
            raise ArchiveError(f"{_path(digest)} does not have the digest that it is named by")
        return text

    def _json(self, name: str) -> Any:
        try:
            return json.loads(self._read(name))
        except ValueError as error:
            raise ArchiveError(f"{name} is no JSON: {error}") from error

    def _read(self, name: str) -> bytes:
        with self._opened(name) as file:
            text = file.read(LARGEST_DOCUMENT + 1)
        if len(text) > LARGEST_DOCUMENT:
            raise ArchiveError(f"{name} is larger than {LARGEST_DOCUMENT} bytes")
        return text

    def _opened(self, name: str) -> IO[bytes]:
        try:
            file = self._tar.extractfile(self._members[name])
        except (KeyError, RecursionError) as error:
            raise ArchiveError(f"it has no {name}, which its manifest names") from error
        if file is None:
            raise ArchiveError(f"{name} in it is no file")
        return file


def _path(digest: str) -> str:
    kind, _, value = digest.partition(":")
    if kind != "sha256" or len(value) != 64 or not set(value) <= set("0123456789abcdef"):
        raise ArchiveError(f"{digest!r} is no digest that can be checked: only sha256 is known")
    return f"blobs/sha256/{value}"
