"""Bad archives: corrupt, tampered with, or made to hurt whoever unpacks them."""

# ruff: noqa: E501 (one case per line)

import hashlib
import json
import struct
import zipfile

from bad_inputs import Case, removed, truncated, written

ARCHIVE, MEMBER = "archive.zip", "payload/results/mine/a.csv"


def _members(folder):
    with zipfile.ZipFile(folder / ARCHIVE) as zipped:
        return {name: zipped.read(name) for name in zipped.namelist()}


def _zipped(folder, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(folder / ARCHIVE, "w", compression) as zipped:
        for name, content in members:
            zipped.writestr(name, content)


def _packed(change, in_manifest=None):
    """The archive with members changed by `change(members)`; `in_manifest` lists a new one with its
    right checksum."""

    def changed(folder):
        members = _members(folder)
        change(members)
        if in_manifest is not None:
            manifest = json.loads(members["manifest.json"])
            content = members[in_manifest]
            manifest["members"][in_manifest] = {
                "sha256": hashlib.sha256(content).hexdigest(),
                "size": len(content),
            }
            members["manifest.json"] = json.dumps(manifest).encode()
        _zipped(folder, members.items())

    return changed


def _manifest(change):
    """The archive with its manifest changed by `change(manifest)`."""

    def changed(members):
        manifest = json.loads(members["manifest.json"])
        change(manifest)
        members["manifest.json"] = json.dumps(manifest).encode()

    return _packed(changed)


def _named(name):
    """A further member of this name, rightly in the manifest."""
    return _packed(lambda members: members.__setitem__(name, b"x"), name)


def _link(folder):
    members = _members(folder)
    entry = zipfile.ZipInfo(MEMBER)
    entry.create_system, entry.external_attr = 3, 0o120777 << 16
    _zipped(
        folder, [(entry if name == MEMBER else name, content) for name, content in members.items()]
    )


def _twice(folder):
    members = _members(folder)
    with zipfile.ZipFile(folder / ARCHIVE, "a") as zipped, __import__("warnings").catch_warnings():
        __import__("warnings").simplefilter("ignore")  # zipfile warns of what is meant here
        zipped.writestr(MEMBER, members[MEMBER] + b"2\n")


def _bomb(folder):
    """100 MB of zeros in 100 kB, rightly in the manifest."""
    members = _members(folder)
    zeros = bytes(100_000_000)
    manifest = json.loads(members["manifest.json"])
    manifest["members"][MEMBER] = {"sha256": hashlib.sha256(zeros).hexdigest(), "size": len(zeros)}
    members |= {MEMBER: zeros, "manifest.json": json.dumps(manifest).encode()}
    _zipped(folder, members.items(), zipfile.ZIP_DEFLATED)


def _declared(size):
    """The sizes that the directory of the zip declares for a member, and the manifest too."""

    def changed(folder):
        _manifest(lambda manifest: manifest["members"][MEMBER].__setitem__("size", size))(folder)
        content = bytearray((folder / ARCHIVE).read_bytes())
        place = content.rindex(MEMBER.encode()) - 46  # the entry of the central directory
        content[place + 20 : place + 28] = struct.pack("<LL", size, size)
        (folder / ARCHIVE).write_bytes(content)

    return changed


def _encrypted(folder):
    content = bytearray((folder / ARCHIVE).read_bytes())
    content[content.rindex(MEMBER.encode()) - 46 + 8] |= 1
    (folder / ARCHIVE).write_bytes(content)


def _flipped(folder):
    content = (folder / ARCHIVE).read_bytes()
    (folder / ARCHIVE).write_bytes(content.replace(b"x\n1\n", b"x\n2\n"))


def _of(change, field, problem):
    return Case(change, ARCHIVE, field, problem)


_NAME = "is not a name of a member"
ARCHIVES = {
    "removed": _of(removed(ARCHIVE), "", "No such file"),
    "no bytes": _of(written(ARCHIVE, ""), "", "is not a whole zip"),
    "text": _of(written(ARCHIVE, "not a zip\n" * 50), "", "is not a whole zip"),
    "truncated": _of(truncated(ARCHIVE, 0.7), "", "is not a whole zip"),
    "truncated by a byte": _of(lambda f: written(ARCHIVE, (f / ARCHIVE).read_bytes()[:-1])(f), "", "is not a whole zip"),
    "no members": _of(lambda folder: _zipped(folder, []), r"manifest\.json", "is missing"),
    "no manifest": _of(_packed(lambda m: m.pop("manifest.json")), r"manifest\.json", "is missing"),
    "manifest: no JSON": _of(_packed(lambda m: m.update({"manifest.json": b"{"})), r"manifest\.json", "is not the manifest"),
    "manifest: a list": _of(_packed(lambda m: m.update({"manifest.json": b"[]"})), r"manifest\.json", "is not the manifest"),
    "manifest: nested deeply": _of(_packed(lambda m: m.update({"manifest.json": b"[" * 100_000})), r"manifest\.json", "is not the manifest"),
    "manifest: of another format": _of(_manifest(lambda m: m.update(format="2")), r"manifest\.json", "is not the manifest"),
    "manifest: sizes as text": _of(_manifest(lambda m: m["members"][MEMBER].update(size="4")), r"manifest\.json", "is not the manifest"),
    "manifest: another digest": _of(_manifest(lambda m: m.update(payload_sha256="0" * 64)), r"manifest\.json", "the payload's digest is"),
    "manifest: a path as analysis": _of(_manifest(lambda m: m.update(analysis="../../..")), r"manifest\.json", "is not the manifest"),
    "flipped byte": _of(_flipped, MEMBER, "is corrupt"),
    "changed and packed anew": _of(_packed(lambda m: m.update({MEMBER: b"x\n2\n"})), MEMBER, "another SHA-256"),
    "longer": _of(_packed(lambda m: m.update({MEMBER: b"x\n1\n2\n"})), MEMBER, "another size"),
    "member removed": _of(_packed(lambda m: m.pop(MEMBER)), MEMBER, "is missing, though the manifest lists it"),
    "member added": _of(_packed(lambda m: m.update({"payload/new": b""})), "payload/new", "is not in the manifest"),
    "member renamed": _of(_packed(lambda m: m.update({"payload/b": m.pop(MEMBER)})), ".*", "is missing"),
    "member twice": _of(_twice, MEMBER, "is there twice"),
    "a link": _of(_link, MEMBER, "is a link"),
    "path upwards": _of(_named("payload/../../evil"), r"payload/\.\./\.\./evil", _NAME),
    "path from the root": _of(_named("/etc/evil"), "/etc/evil", _NAME),
    "path of another drive": _of(_named("payload/C:/evil"), "payload/C:/evil", _NAME),
    "backslashes": _of(_named("payload/..\\..\\evil"), ".*evil", _NAME),
    "empty part of a path": _of(_named("payload//evil"), "payload//evil", _NAME),
    "outside of payload and run": _of(_named("evil.sh"), r"evil\.sh", _NAME),
    "line break in a name": _of(_named("payload/a\nb"), r"payload/a\\nb", _NAME),
    "a name of 5000 characters": _of(_named("payload/" + "a" * 5000), "payload/aaaa.*", _NAME),
    "a deep path": _of(_named("payload/" + "a/" * 600 + "b"), "payload/a/a.*", _NAME),
    "a file that is a folder too": _of(_named(f"{MEMBER}/b"), MEMBER, "is both a file and a folder"),
    "git.json: no JSON": _of(_packed(lambda m: m.update({"run/git.json": b"{"}), "run/git.json"), r"run/git\.json", "is not JSON"),
    "git.json: nested deeply": _of(_packed(lambda m: m.update({"run/git.json": b"[" * 100_000}), "run/git.json"), r"run/git\.json", "is not JSON"),
    "a folder": _of(lambda f: [(f / ARCHIVE).unlink(), (f / ARCHIVE).mkdir()], "", "Is a directory"),
    "bomb": _of(_bomb, r"manifest\.json", "is compressed"),
    "member of 4 GB by its declaration": _of(_declared(0xFFFFFFFE), "", "declares more bytes"),
    "encrypted": _of(_encrypted, MEMBER, "is corrupt"),
    "true archive without limits": _of(lambda folder: None, ".*", "cannot be read|has no"),
}  # fmt: skip
