"""An archive that proves itself: the results of one analysis in a zip, with the checksum of every
member.

    manifest.json      analysis, version, digest of the payload; SHA-256 and size of every other
    member payload.sha256     digest of the payload: equal for equal results, wherever and whenever
    they were made README.md          for who finds it: what is where, how to check it, how to go on
    ro-crate-metadata.json   what was made by what, and when: a Workflow Run RO-Crate
    (`exonu.archive.crate`) payload/           results/<analysis>/… and configuration/ run/
    what differs from run to run: logs, benchmarks, Snakemake's records, git commit, versions, lock

The payload's digest is the SHA-256 of the lines ``<SHA-256>  <name>`` of its members in the order
of their names: what
``find payload -type f | LC_ALL=C sort | xargs -d '\\n' sha256sum | sha256sum`` says without exonu. Members are sorted,
with a fixed time and fixed permissions, and not compressed: another zlib would give other bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import stat
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from exonu.core.errors import InputError
from exonu.core.files import whole_or_absent
from exonu.core.text_files import require_file

Members = dict[str, bytes]
FORMAT = "exonu archive 1"
MANIFEST = "manifest.json"
PAYLOAD_DIGEST = "payload.sha256"
CRATE = "ro-crate-metadata.json"
README = "README.md"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first time that a zip can tell
_PERMISSIONS = 0o100644 << 16  # a plain file, rw-r--r--
_CHANGED = "the archive was changed after it was made"
_ANALYSIS = re.compile("[a-z0-9][a-z0-9-]*")
_TOO_MANY = 5  # names in a message
_LONGEST_NAME, _LONGEST_PART = 1024, 240  # bytes that every disk has room for
_CHARACTERS = re.compile(
    r'[^\x00-\x1f\x7f\\:*?"<>|]+'
)  # those that a file's name may have everywhere


class Archive(NamedTuple):
    """What an archive holds, once every checksum is found right.

    Attributes:
        manifest: `manifest.json`.
        members: the content of every other member, by name.
    """

    manifest: dict[str, Any]
    members: Members

    @property
    def payload_digest(self) -> str:
        """Digest of the payload: equal for equal results."""
        return str(self.manifest["payload_sha256"])


def sha256(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def payload_digest(checksums: Mapping[str, str]) -> str:
    """Digest of the members below `payload/`.

    Args:
        checksums: SHA-256 by member, those outside of the payload too.

    >>> payload_digest({"payload/a": sha256(b"1"), "run/git.json": sha256(b"2")}) == payload_digest(
    ...     {"payload/a": sha256(b"1")}
    ... )
    True
    """
    lines = (
        f"{checksums[name]}  {name}\n" for name in sorted(checksums) if name.startswith("payload/")
    )
    return sha256("".join(lines).encode())


def write_archive(
    file: str | Path,
    analysis: str,
    version: str,
    payload: Members,
    run: Members,
    about: Members | None = None,
) -> str:
    """Write an archive, whole or absent.

    Args:
        file: the zip.
        analysis: the analysis's name.
        version: exonu's version.
        payload: what is equal for equal results, by name below `payload/`.
        run: what is not, by name below `run/`.
        about: `README.md` and `ro-crate-metadata.json`; the latter tells of times, and neither is
            part of the payload.

    Returns:
        The payload's digest.
    """
    members = {f"payload/{name}": content for name, content in payload.items()}
    members |= {f"run/{name}": content for name, content in run.items()}
    members |= about or {}
    for name in members:
        _check_name(name, file)
    checksums = {name: sha256(content) for name, content in members.items()}
    digest = payload_digest(checksums)
    members[PAYLOAD_DIGEST] = f"{digest}\n".encode()
    checksums[PAYLOAD_DIGEST] = sha256(members[PAYLOAD_DIGEST])
    manifest = {
        "format": FORMAT,
        "analysis": analysis,
        "version": version,
        "payload_sha256": digest,
        "members": {
            name: {"sha256": checksums[name], "size": len(members[name])}
            for name in sorted(members)
        },
    }
    members[MANIFEST] = json_bytes(manifest)
    with (
        whole_or_absent(file) as beside,
        zipfile.ZipFile(beside, "w", zipfile.ZIP_STORED) as zipped,
    ):
        for name in sorted(members):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system, entry.external_attr = 3, _PERMISSIONS  # Unix, on every system
            zipped.writestr(entry, members[name])
    return digest


def json_bytes(content: Any) -> bytes:
    """Indented JSON with sorted keys."""
    return (
        json.dumps(content, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"
    ).encode()


def read_archive(file: str | Path) -> Archive:
    """Read an archive and check every name, size and checksum; nothing is written anywhere.

    Raises:
        InputError: if it is not a whole archive, or a member was changed, added, taken away or
            renamed; it is named.
    """
    try:
        data = require_file(file).read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", file=file, remedy="give an existing file"
        ) from None
    try:
        zipped = zipfile.ZipFile(io.BytesIO(data))
    except Exception as error:  # zipfile has many words for a corrupt file
        raise InputError(
            f"is not a whole zip archive ({str(error).rstrip('.')})",
            file=file,
            remedy="if truncated, fetch it again",
        ) from None
    names = [entry.filename for entry in zipped.infolist()]
    for name in names:
        _check_name(name, file)
    kinds = {entry.filename: stat.S_IFMT(entry.external_attr >> 16) for entry in zipped.infolist()}
    _refuse_any(
        file,
        "is a link or no plain file",
        (name for name in kinds if kinds[name] not in (0, stat.S_IFREG)),
    )
    _refuse_any(file, "is there twice", (name for name, n in Counter(names).items() if n > 1))
    folders = {str(parent) for name in names for parent in PurePosixPath(name).parents}
    _refuse_any(file, "is both a file and a folder", folders & set(names))
    # Members are stored as they are: what unpacks to more than the file is no work of ours, and may
    # be endless.
    compressed = (
        entry.filename for entry in zipped.infolist() if entry.compress_type != zipfile.ZIP_STORED
    )
    _refuse_any(file, "is compressed, which members of an archive never are", compressed)
    if sum(entry.file_size for entry in zipped.infolist()) > len(data):
        raise InputError(
            f"declares more bytes than its own {len(data)}", file=file, remedy=_CHANGED
        )
    if MANIFEST not in names:
        raise InputError(
            "is missing", file=file, field=MANIFEST, remedy="`snakemake archive` makes archives"
        )
    manifest = _read_manifest(_content(zipped, MANIFEST, file), file)
    listed = manifest["members"]
    _refuse_any(file, "is missing, though the manifest lists it", set(listed) - set(names))
    _refuse_any(
        file,
        "is not in the manifest: it was added or renamed",
        set(names) - set(listed) - {MANIFEST},
    )
    sizes = {name: zipped.getinfo(name).file_size for name in listed}
    _refuse_any(
        file,
        "has another size than in the manifest",
        (n for n in listed if sizes[n] != listed[n]["size"]),
    )
    members = {name: _content(zipped, name, file) for name in sorted(listed)}
    checksums = {name: sha256(content) for name, content in members.items()}
    _refuse_any(
        file,
        "has another SHA-256 than in the manifest",
        (n for n in listed if checksums[n] != listed[n]["sha256"]),
    )
    digest = payload_digest(checksums)
    for field, said in (
        (MANIFEST, manifest["payload_sha256"]),
        (PAYLOAD_DIGEST, members.get(PAYLOAD_DIGEST, b"nothing").decode(errors="replace").strip()),
    ):
        if said != digest:
            problem = f"says {said}, but the payload's digest is {digest}"
            raise InputError(problem, file=file, field=field, remedy=_CHANGED)
    return Archive(manifest, members)


def _content(zipped: zipfile.ZipFile, name: str, file: str | Path) -> bytes:
    """A member's bytes; zip has a checksum of its own, and a header that may be corrupt in many
    ways."""
    try:
        return zipped.read(name)
    except Exception as error:
        problem = f"is corrupt ({str(error).rstrip('.')})"
        raise InputError(problem, file=file, field=name, remedy="fetch the archive again") from None


def _read_manifest(content: bytes, file: str | Path) -> dict[str, Any]:
    """The manifest, of the right form."""
    try:
        manifest = json.loads(content)
        well_formed = manifest["format"] == FORMAT and all(
            isinstance(manifest[key], str) for key in ("analysis", "version", "payload_sha256")
        )
        for entry in manifest["members"].values():
            well_formed &= isinstance(entry["sha256"], str) and isinstance(entry["size"], int)
        well_formed &= (
            _ANALYSIS.fullmatch(manifest["analysis"]) is not None
        )  # it becomes part of paths
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        well_formed = False
    if not well_formed:
        raise InputError(
            f"is not the manifest of an {FORMAT}", file=file, field=MANIFEST, remedy=_CHANGED
        )
    return dict(manifest)


def _check_name(name: str, file: str | Path) -> None:
    """Refuse names that lead out of the folder where somebody unpacks the archive."""
    parts = name.split("/")
    plain = all(_CHARACTERS.fullmatch(part) and part not in (".", "..") for part in parts)
    plain &= len(name.encode()) <= _LONGEST_NAME and all(
        len(part.encode()) <= _LONGEST_PART for part in parts
    )
    below = len(parts) > 1 and parts[0] in ("payload", "run")
    if not plain or not (below or name in (MANIFEST, PAYLOAD_DIGEST, CRATE, README)):
        raise InputError(
            "is not a name of a member",
            file=file,
            field=ascii(name)[1:-1] if len(name) < 300 else ascii(name[:200])[1:-1] + "…",
            remedy="members are below payload/ or run/, with names that every disk can hold",
        )


def _refuse_any(file: str | Path, problem: str, names: Iterable[str]) -> None:
    found = sorted(names)
    if found:
        more = f" (and {len(found) - 1} more: {shortened(found[1:])})" if len(found) > 1 else ""
        raise InputError(problem + more, file=file, field=found[0], remedy=_CHANGED)


def shortened(texts: list[str], separator: str = ", ") -> str:
    """Texts in a row, the first few of many."""
    return separator.join([*texts[:_TOO_MANY], *(["…"] if len(texts) > _TOO_MANY else [])])


def files_below(folder: Path) -> Iterator[Path]:
    """All files below a folder, sorted; none if there is no folder."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file())
