"""What was published does not change: the files, what the manifest says of them, and the ids.

The manifest is compared with its files, and both with what they were at a git reference, such as the last release.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from meekoppel_contracts.compatibility.schema_nodes import ROOT
from meekoppel_contracts.compatibility.violations import Violation
from meekoppel_contracts.errors import UnreadableContracts
from meekoppel_contracts.fingerprints import fingerprints

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Published:
    """A manifest and its files, as they stand in a folder or stood at a git reference.

    Attributes:
        manifest: as JSON holds it.
        texts: the schemas, by file name relative to the folder.
    """

    manifest: Mapping[str, Any]
    texts: Mapping[str, str]

    @cached_property
    def versions(self) -> dict[tuple[str, int], dict[str, Any]]:
        """The entries of the manifest, by subject and version."""
        return {(s, each["version"]): each for s, listed in self.manifest["subjects"].items() for each in listed}

    def schema(self, subject: str, version: int) -> Any:
        """Read one version, as JSON holds it."""
        return json.loads(self.texts[self.versions[subject, version]["file"]])


def read_folder(folder: Path) -> Published:
    """Read the contracts of a folder.

    Raises:
        UnreadableContracts: when the manifest or a file that it lists is missing or no JSON.
    """
    texts = {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in sorted(folder.rglob("*.avsc"))}
    try:
        manifest = (folder / MANIFEST).read_text("utf-8")
    except OSError as error:
        raise UnreadableContracts(f"{folder / MANIFEST} cannot be read: {error.strerror}") from error
    return _published(manifest, texts, str(folder))


def read_git(folder: Path, reference: str) -> Published:
    """Read the contracts of a folder as they stood at a git reference: a commit, a branch, a tag.

    Raises:
        UnreadableContracts: when there is no git repository, no such reference, or no contracts in it.
    """
    listed = _git(folder, "ls-tree", "-r", "--name-only", reference, ".").splitlines()
    texts = {name: _git(folder, "show", f"{reference}:./{name}") for name in listed if name.endswith(".avsc")}
    return _published(_git(folder, "show", f"{reference}:./{MANIFEST}"), texts, reference)


def _published(manifest: str, texts: Mapping[str, str], where: str) -> Published:
    try:
        published = Published(json.loads(manifest), texts)
        for subject, version in published.versions:
            published.schema(subject, version)
    except KeyError as error:
        raise UnreadableContracts(f"the manifest of {where} lists {error}, which is not there") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise UnreadableContracts(f"the contracts of {where} cannot be read: {error}") from error
    return published


def _git(folder: Path, *arguments: str) -> str:
    try:
        answer = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False)
    except OSError as error:
        raise UnreadableContracts(f"git cannot be started: {error.strerror}") from error
    if answer.returncode:
        raise UnreadableContracts(f"git {arguments[0]} of {folder} failed: {answer.stderr.strip()}")
    return answer.stdout


def manifest_problems(published: Published) -> list[Violation]:
    """Compare a manifest with its files: places, fingerprints, ids given once, versions without gaps, no file left."""
    return [*_file_problems(published), *_number_problems(published)]


def _file_problems(published: Published) -> Iterator[Violation]:
    listed = {entry["file"] for entry in published.versions.values()}
    for file in sorted(published.texts.keys() - listed):
        yield Violation(file.split("/")[0], None, file, "listed", "is a file that the manifest does not list")
    for (subject, version), entry in published.versions.items():
        schema, namespace = published.schema(subject, version), published.manifest["namespace"]
        if entry["file"] != f"{subject}/v{version}.avsc":
            reason = f"stands in {entry['file']}, where {subject}/v{version}.avsc was expected"
            yield Violation(subject, version, ROOT, "placed", reason)
        if schema.get("namespace") != namespace:
            reason = f"is in namespace {schema.get('namespace')}, where the manifest says {namespace}"
            yield Violation(subject, version, ROOT, "namespace", reason)
        actual = asdict(fingerprints(schema))
        if actual != entry["fingerprints"]:
            reason = f"is not what the manifest says that was published; its fingerprints are {json.dumps(actual)}"
            yield Violation(subject, version, ROOT, "published", reason)


def _number_problems(published: Published) -> Iterator[Violation]:
    counted = Counter(entry["id"] for entry in published.versions.values())
    for (subject, version), entry in published.versions.items():
        if counted[entry["id"]] > 1:
            reason = f"id {entry['id']} is given to {counted[entry['id']]} versions; an id is given once and for ever"
            yield Violation(subject, version, ROOT, "id_reused", reason)
    for subject, listed in published.manifest["subjects"].items():
        numbers = [entry["version"] for entry in listed]
        if numbers != list(range(1, len(numbers) + 1)):
            yield Violation(subject, None, ROOT, "numbered", f"has versions {numbers}; they count from 1, without gaps")


def differences_from(before: Published, now: Published) -> list[Violation]:
    """List what was published and is changed, gone or has another id."""
    return list(_changes_since(before, now))


def _changes_since(before: Published, now: Published) -> Iterator[Violation]:
    owners = {entry["id"]: key for key, entry in before.versions.items()}
    for (subject, version), entry in before.versions.items():
        current = now.versions.get((subject, version))
        if current is None:
            yield Violation(subject, version, ROOT, "gone", "was published and is gone")
            continue
        if current["id"] != entry["id"]:
            yield Violation(subject, version, ROOT, "id_changed", f"had id {entry['id']} and has {current['id']} now")
        if fingerprints(now.schema(subject, version)) != fingerprints(before.schema(subject, version)):
            yield Violation(subject, version, ROOT, "published", "was published and changed in more than its doc")
    for (subject, version), entry in now.versions.items():
        owner = owners.get(entry["id"])
        if owner is not None and owner != (subject, version):
            reason = f"has id {entry['id']}, which is that of {owner[0]} v{owner[1]} for ever"
            yield Violation(subject, version, ROOT, "id_reused", reason)
