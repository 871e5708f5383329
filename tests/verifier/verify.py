#!/usr/bin/env python3
"""A second verifier of Lethe's audit bundles and proofs, written from docs/log-format.md alone.

    verify.py [--key VERIFIER_KEY] [--origin ORIGIN] [--witness VERIFIER_KEY]... PATH...

For each PATH - the folder of a bundle or a .tlog-proof file - it prints one line of JSON, whatever it is. The exit code is
1 if any of them is not good. It needs Python 3.8 or later and the package `cryptography`, for Ed25519, and nothing of Lethe.
"""

import argparse
import base64
import binascii
import errno
import hashlib
import json
import os
import re
import stat
import struct
import sys
import uuid

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "lethe-audit-bundle/1"
BLOCK, CHUNK = 256, 65536
MAX_LINE, MAX_TEXT, MAX_NOTE = 64 << 10, 1024, 1 << 20
MAX_MANIFEST, MAX_PROOF, MAX_HASHES, MAX_DEPTH = 64 << 20, (1 << 20) + (128 << 10), 64, 127


class Fault(Exception):
    """The first thing that is wrong."""

    def __init__(self, code, message, position=None):
        super().__init__(message)
        self.code, self.position = code, position


class Bad(ValueError):
    """Something is not of its form; the caller knows which fault that is."""


# Hashes and trees (RFC 6962)


def sha256(*pieces):
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.digest()


def leaf_hash(entry):
    return sha256(b"\x00", entry)


def node_hash(left, right):
    return sha256(b"\x01", left, right)


def tree_root(hashes):
    if not hashes:
        return sha256()
    if len(hashes) == 1:
        return hashes[0]
    middle = 1 << ((len(hashes) - 1).bit_length() - 1)
    return node_hash(tree_root(hashes[:middle]), tree_root(hashes[middle:]))


def split(size):
    return 1 << ((size - 1).bit_length() - 1)


def root_from_inclusion(index, size, leaf, proof):
    """RFC 6962, 2.1.1, read backwards. `proof` is consumed from its end."""
    if size == 1:
        return leaf
    if not proof:
        raise Bad("the proof is too short")
    sibling, middle = proof.pop(), split(size)
    if index < middle:
        return node_hash(root_from_inclusion(index, middle, leaf, proof), sibling)
    return node_hash(sibling, root_from_inclusion(index - middle, size - middle, leaf, proof))


def included(index, size, leaf, proof, root):
    proof = list(proof)
    try:
        return index < size and root_from_inclusion(index, size, leaf, proof) == root and not proof
    except Bad:
        return False


def roots_from_consistency(old, size, whole, old_root, proof):
    """RFC 6962, 2.1.2, read backwards: the roots of the old and the new tree that the proof leads to."""
    if old == size:
        if whole:
            return old_root, old_root
        if not proof:
            raise Bad("the proof is too short")
        both = proof.pop()
        return both, both
    if not proof:
        raise Bad("the proof is too short")
    sibling, middle = proof.pop(), split(size)
    if old <= middle:
        before, after = roots_from_consistency(old, middle, whole, old_root, proof)
        return before, node_hash(after, sibling)
    before, after = roots_from_consistency(old - middle, size - middle, False, old_root, proof)
    return node_hash(sibling, before), node_hash(sibling, after)


def consistent(old, old_root, new, new_root, proof):
    proof = list(proof)
    if old > new:
        return False
    if old == 0:
        return not proof and old_root == sha256()
    try:
        before, after = roots_from_consistency(old, new, True, old_root, proof)
    except Bad:
        return False
    return not proof and before == old_root and after == new_root


# Texts


def unbase64(text):
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Bad("it is no base64")
    if base64.b64encode(data).decode() != text:
        raise Bad("it is no base64")
    return data


def unhash(text):
    if not isinstance(text, str):
        raise Bad("it is no hash")
    data = unbase64(text)
    if len(data) != 32:
        raise Bad("it is no hash")
    return data


def number(text, bits=64):
    if not re.fullmatch("0|[1-9][0-9]{0,19}", text) or int(text) >= 1 << bits:
        raise Bad("it is no number")
    return int(text)


def is_name(name):
    return bool(name) and "+" not in name and not any(c.isspace() or ord(c) < 32 or 127 <= ord(c) < 160 for c in name)


class Key:
    """A verifier key: <name>+<id>+<base64 of type and public key>."""

    def __init__(self, text):
        parts = text.split("+", 2)
        if len(parts) != 3:
            raise Bad("it has not three parts")
        self.text, self.name = text, parts[0]
        data = unbase64(parts[2])
        if not is_name(self.name) or len(data) != 33 or data[0] not in (1, 4):
            raise Bad("it is no key of a known type")
        self.type, self.public = data[0], data[1:]
        self.id = sha256(self.name.encode(), b"\n", data)[:4]
        if self.id.hex() != parts[1]:
            raise Bad("its hash does not belong to it")

    def verifies(self, text, signature):
        """None if it does not; else the time of a cosignature, or 0."""
        message, time = text.encode(), 0
        if self.type == 4:
            if len(signature) < 8:
                return None
            time = struct.unpack(">Q", signature[:8])[0]
            if time >= 1 << 63:
                return None
            message, signature = b"cosignature/v1\ntime %d\n" % time + message, signature[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return None
        return time


class Note:
    """A text and its signature lines."""

    def __init__(self, note):
        if len(note.encode()) > MAX_NOTE or any(ord(c) < 32 and c != "\n" for c in note):
            raise Bad("it is no note")
        at = note.rfind("\n\n")
        if at < 0 or not note.endswith("\n") or len(note) == at + 2:
            raise Bad("it is no note")
        self.text, self.signatures = note[: at + 1], []
        for line in note[at + 2 : -1].split("\n"):
            match = re.fullmatch("\u2014 ([^ ]+) ([^ ]+)", line)
            data = unbase64(match.group(2)) if match else b""
            if not match or not is_name(match.group(1)) or len(data) < 5:
                raise Bad("a signature line is not of its form")
            self.signatures.append((match.group(1), data[:4], data[4:]))
        if len(self.signatures) > 128:
            raise Bad("it has too many signatures")

    def signed_by(self, key):
        """None if the key has not signed; else the time of a cosignature, or 0."""
        found = None
        for name, key_id, signature in self.signatures:
            if (name, key_id) == (key.name, key.id):
                time = key.verifies(self.text, signature)
                if time is None:
                    raise Bad("the signature by %s is not one of this text" % name)
                found = time if found is None else found
        return found


class Checkpoint:
    """Origin, size and root, signed by a key."""

    def __init__(self, note, key):
        if note.signed_by(key) is None:
            raise Bad("it is not signed by the key")
        lines = note.text[:-1].split("\n")
        if len(lines) < 3 or not all(lines):
            raise Bad("it is no checkpoint")
        self.origin, self.size, self.root = lines[0], number(lines[1]), unhash(lines[2])
        if self.size == 0 and self.root != sha256():
            raise Bad("it is of an empty tree with another root")


# Entries


def encode_entry(head):
    def text(name):
        data = head[name].encode()
        if not 0 < len(data) <= MAX_TEXT:
            raise Bad("a text is empty or too long")
        return struct.pack(">H", len(data)) + data

    if head["position"] == 0:
        raise Bad("positions begin at 1")
    return b"".join(
        [
            b"\x01",
            struct.pack(">Q", head["position"]),
            text("streamType"),
            text("streamId"),
            struct.pack(">Q", head["sequence"]),
            uuid.UUID(head["eventId"]).bytes,
            text("eventType"),
            text("eventVersion"),
            struct.pack(">q", head["recordedAt"]),
            unhash(head["payloadSha256"]),
            unhash(head["metadataSha256"]),
        ]
    )


def entry_position(entry):
    """The position in the bytes of an entry, which must be well formed. Bytes that are no text are a ValueError."""
    at = 0

    def take(length):
        nonlocal at
        if at + length > len(entry):
            raise Bad("the entry ends too early")
        at += length
        return entry[at - length : at]

    def text():
        length = struct.unpack(">H", take(2))[0]
        if not 0 < length <= MAX_TEXT:
            raise Bad("a text is empty or too long")
        take(length).decode()

    if take(1) != b"\x01":
        raise Bad("the entry is of an unknown form")
    position = struct.unpack(">Q", take(8))[0]
    text(), text(), take(8), take(16), text(), text(), take(8), take(64)
    if at != len(entry) or position == 0:
        raise Bad("the entry is not of its form")
    return position


# JSON, strictly


def unsigned(value):
    return type(value) is int and 0 <= value < 1 << 64


def signed(value):
    return type(value) is int and -(1 << 63) <= value < 1 << 63


def is_text(value):
    return isinstance(value, str)


def is_uuid(value):
    return is_text(value) and re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value) is not None


def is_hash(value):
    try:
        return len(unhash(value)) == 32
    except Bad:
        return False


def list_of(check):
    return lambda value: isinstance(value, list) and all(check(item) for item in value)


def record(**fields):
    return lambda value: isinstance(value, dict) and value.keys() == fields.keys() and all(
        check(value[name]) for name, check in fields.items()
    )


def is_selection(value):
    kinds = {
        "all": record(kind=is_text),
        "range": record(kind=is_text, **{"from": unsigned, "until": unsigned}),
        "unit": record(kind=is_text, id=is_uuid),
        "contact": record(kind=is_text, id=is_uuid),
    }
    kind = value.get("kind") if isinstance(value, dict) else None
    return is_text(kind) and kind in kinds and kinds[kind](value)


MANIFEST = record(
    format=is_text,
    origin=is_text,
    key=is_text,
    checkpoint=is_text,
    selection=is_selection,
    events=unsigned,
    chunks=list_of(record(root=is_hash, events=unsigned)),
    earlier=list_of(record(checkpoint=is_text, proof=list_of(is_hash))),
)
CHUNK_LINE = record(chunk=unsigned, blocks=list_of(is_hash))
BLOCK_LINE = record(block=unsigned, leaves=list_of(is_hash))
HEAD = record(
    position=unsigned,
    streamType=is_text,
    streamId=is_text,
    sequence=unsigned,
    eventId=is_uuid,
    eventType=is_text,
    eventVersion=is_text,
    recordedAt=signed,
    metadataBytes=unsigned,
    metadataSha256=is_hash,
    payloadBytes=unsigned,
    payloadSha256=is_hash,
)


def once(pairs):
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a field is there twice")
    return dict(pairs)


def integer(text):
    """What does not fit into 64 bits, and the zero with a sign, is a number like those with a fraction."""
    value = int(text) if len(text) <= 20 and text != "-0" else None
    return value if unsigned(value) or signed(value) else fraction(text)


def fraction(text):
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
    return value


def constant(_):
    raise ValueError("it is no number")


def check_depth(text):
    """Lists and objects in each other are limited, so that no reader overflows its stack."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    # What stands between quotation marks is left out.
    pieces, depth = text.replace("\\\\", "").replace('\\"', "").split('"')[::2], 0
    for piece in pieces:
        for bracket in re.findall(r"[\[\]{}]", piece):
            depth += 1 if bracket in "[{" else -1
            if depth > MAX_DEPTH:
                raise ValueError("it is nested too deeply")


def parse(data, check):
    try:
        text = data.decode()
        check_depth(text)
        value = json.loads(
            text, object_pairs_hook=once, parse_int=integer, parse_float=fraction, parse_constant=constant
        )
        if "\\u" in text:
            # Half a surrogate pair is no character.
            json.dumps(value, ensure_ascii=False).encode()
    except ValueError:
        raise Bad("it is no JSON")
    if not check(value):
        raise Bad("its fields are not as described")
    return value


# Bundles


class Order:
    """Which position must come next."""

    def __init__(self, complete):
        self.complete, self.last = complete, complete[0] - 1 if complete else 0

    def reaches(self, position, later=lambda _: False):
        missing = self.last + 1
        if self.complete and missing < position and missing <= self.complete[1]:
            code = "OUT_OF_ORDER" if later(missing) else "GAP"
            raise Fault(code, "position %d is missing or comes later" % missing, missing)

    def take(self, position, later):
        self.reaches(position, later)
        if position <= self.last:
            raise Fault("OUT_OF_ORDER", "position %d comes again" % position, self.last + 1)
        if self.complete and position > self.complete[1]:
            raise Fault("APPENDED", "something was appended", self.last + 1)
        self.last = position


def part(index, width, size):
    return index * width, min((index + 1) * width, size)


class ChunkFile:
    """The file of a chunk, read from front to back."""

    def __init__(self, folder, index, root, size, order):
        self.name, self.index, self.size, self.order = "events/%06d.events" % index, index, size, order
        self.file = folder.file(self.name)
        line = self.line()
        if line is None:
            raise self.truncated(order.last + 1)
        head = self.parse(line, CHUNK_LINE, order.last + 1)
        self.begin, self.end = part(index, CHUNK, size)
        if head["chunk"] != index or len(head["blocks"]) != -(-(self.end - self.begin) // BLOCK):
            raise self.malformed("it does not begin with the roots of the chunk's blocks", order.last + 1)
        self.blocks = [unhash(block) for block in head["blocks"]]
        if tree_root(self.blocks) != root:
            raise Fault("BAD_HASHES", "the roots of the blocks do not give that of the chunk", self.begin + 1)
        self.block, self.bare, self.first, self.leaves = -1, False, 0, []

    def malformed(self, reason, position):
        return Fault("MALFORMED", "%s: %s" % (self.name, reason), position)

    def truncated(self, position):
        return Fault("TRUNCATED", "%s ends too early" % self.name, position)

    def line(self):
        line = self.file.readline(MAX_LINE)
        if line and not line.endswith(b"\n"):
            if len(line) == MAX_LINE:
                raise self.malformed("a line is too long", self.order.last + 1)
            raise self.truncated(self.order.last + 1)
        return line[:-1] if line else None

    def parse(self, line, check, position):
        try:
            return parse(line, check)
        except Bad as bad:
            raise self.malformed(bad, position)

    def text_hash(self, length, position):
        digest = hashlib.sha256()
        while length > 0:
            piece = self.file.read(min(length, 1 << 20))
            if not piece:
                raise self.truncated(position)
            digest.update(piece)
            length -= len(piece)
        end = self.file.read(1)
        if not end:
            raise self.truncated(position)
        if end != b"\n":
            raise self.malformed("a text does not end where it should", position)
        return digest.digest()

    def comes(self, position):
        """Whether a line that begins so comes later; long ones are not kept."""
        begin, fresh = b'{"position":%d,' % position, True
        while True:
            piece = self.file.readline(MAX_LINE)
            if not piece:
                return False
            if fresh and piece.startswith(begin):
                return True
            fresh = piece.endswith(b"\n")

    def check(self, events):
        count = 0
        while count < events:
            line = self.line()
            if line is None:
                raise self.truncated(self.order.last + 1)
            if line.startswith(b'{"block":'):
                self.begin_block(line)
            elif line.startswith(b'{"position":'):
                self.event(line)
                count += 1
            else:
                raise self.malformed("it is neither the line of a block nor that of an event", self.order.last + 1)
        if self.file.read(1):
            raise Fault("APPENDED", "%s goes on after its end" % self.name, self.order.last + 1)
        self.file.close()

    def begin_block(self, line):
        position = self.order.last + 1
        head = self.parse(line, BLOCK_LINE, position)
        at = head["block"] - self.index * (CHUNK // BLOCK)
        if not 0 <= at < len(self.blocks):
            raise self.malformed("the block is not one of this chunk", position)
        if self.bare or at <= self.block:
            raise self.malformed("the block has no events, or does not come once and in order", position)
        begin, end = part(head["block"], BLOCK, self.size)
        leaves = [unhash(leaf) for leaf in head["leaves"]]
        if len(leaves) != end - begin or tree_root(leaves) != self.blocks[at]:
            raise Fault("BAD_HASHES", "the leaves do not give the root of the block", begin + 1)
        self.block, self.bare, self.first, self.leaves = at, True, begin, leaves

    def event(self, line):
        head = self.parse(line, HEAD, self.order.last + 1)
        try:
            entry = encode_entry(head)
        except Bad as bad:
            raise self.malformed(bad, self.order.last + 1)
        position = head["position"]
        self.bare = False
        self.order.take(position, self.comes)
        at = position - 1 - self.first
        if not 0 <= at < len(self.leaves):
            raise self.malformed("the event does not stand below the hashes of its block", position)
        if leaf_hash(entry) != self.leaves[at]:
            raise Fault("EVENT_CHANGED", "the event is not the one that was logged", position)
        for name in ("metadata", "payload"):
            if self.text_hash(head[name + "Bytes"], position) != unhash(head[name + "Sha256"]):
                raise Fault(name.upper() + "_CHANGED", "the %s was altered" % name, position)


# A link is not followed, and a pipe is not waited for.
OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def shown(name):
    """The name of a file, whose bytes may be no text."""
    return os.fsencode(name).decode(errors="replace")


def refused(error, name):
    """Why something is not opened or not read."""
    name = shown(name)
    if isinstance(error, FileNotFoundError):
        return Fault("FILE_MISSING", "%s is missing" % name)
    if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.ENXIO):
        return Fault("UNREADABLE", "%s is a link, a pipe, a device or the like" % name)
    return Fault("UNREADABLE", "%s cannot be read: %s" % (name, error.strerror))


def regular(fd, name):
    """The file of a descriptor, if it is one."""
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise Fault("UNREADABLE", "%s is a link, a pipe, a device or the like" % shown(name))
    return os.fdopen(fd, "rb")


class Folder:
    """The folder of a bundle, in which somebody else may have put anything."""

    def __init__(self, path):
        try:
            self.fd = os.open(path, OPEN_FOLDER)
        except OSError as error:
            raise refused(error, "manifest.json")

    def close(self):
        os.close(self.fd)

    def below(self, name):
        """A folder in it; None if it is missing."""
        try:
            return os.open(name, OPEN_FOLDER | os.O_NOFOLLOW, dir_fd=self.fd)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise refused(error, name)

    def file(self, name):
        below, _, last = name.rpartition("/")
        folder = self.below(below) if below else self.fd
        if folder is None:
            raise Fault("FILE_MISSING", "%s is missing" % name)
        try:
            return regular(os.open(last, OPEN_FILE, dir_fd=folder), name)
        except OSError as error:
            raise refused(error, name)
        finally:
            if below:
                os.close(folder)

    def names(self):
        """Everything in it and in the folder with the events, one after the other."""
        yield from os.listdir(self.fd)
        events = self.below("events")
        if events is not None:
            try:
                yield from ["events/" + name for name in os.listdir(events)]
            finally:
                os.close(events)


def read_manifest(folder):
    with folder.file("manifest.json") as file:
        data = file.read(MAX_MANIFEST + 1)
    if len(data) > MAX_MANIFEST:
        raise Fault("BAD_MANIFEST", "it is too long")
    try:
        version = parse(data, lambda value: isinstance(value, dict) and is_text(value.get("format")))["format"]
        if version != FORMAT:
            raise Fault("UNKNOWN_FORMAT", "the format is %s" % version)
        return parse(data, MANIFEST)
    except Bad as bad:
        raise Fault("BAD_MANIFEST", str(bad))


def signed_checkpoint(text, key, code):
    try:
        note = Note(text)
        return note, Checkpoint(note, key)
    except Bad as bad:
        raise Fault(code, str(bad))


def witnesses(note, keys):
    found = []
    for key in keys:
        try:
            time = note.signed_by(key)
        except Bad as bad:
            raise Fault("BAD_CHECKPOINT", str(bad))
        if time is None:
            raise Fault("NOT_WITNESSED", "%s has not cosigned" % key.name)
        found.append({"name": key.name, "time": time})
    return found


def verify_bundle(path, options):
    folder = Folder(path)
    try:
        return verify_folder(folder, options)
    finally:
        folder.close()


def verify_folder(folder, options):
    manifest = read_manifest(folder)
    try:
        key = Key(manifest["key"])
    except Bad as bad:
        raise Fault("BAD_MANIFEST", str(bad))
    if options.key and options.key.text != key.text:
        raise Fault("OTHER_KEY", "it is signed by %s" % key.text)
    note, checkpoint = signed_checkpoint(manifest["checkpoint"], key, "BAD_CHECKPOINT")
    if options.origin not in (None, checkpoint.origin) or manifest["origin"] != checkpoint.origin:
        raise Fault("OTHER_LOG", "it is of the log %s" % checkpoint.origin)
    cosigned = witnesses(note, options.witness)
    for earlier in manifest["earlier"]:
        _, before = signed_checkpoint(earlier["checkpoint"], key, "BAD_EARLIER_CHECKPOINT")
        if before.origin != checkpoint.origin:
            raise Fault("BAD_EARLIER_CHECKPOINT", "it is of another log")
        proof = [unhash(text) for text in earlier["proof"]]
        if not consistent(before.size, before.root, checkpoint.size, checkpoint.root, proof):
            raise Fault("REWRITTEN", "the tree did not grow from that of size %d" % before.size)
    size, selection, chunks = checkpoint.size, manifest["selection"], manifest["chunks"]
    complete = {"all": (1, size), "range": (selection.get("from"), selection.get("until"))}.get(selection["kind"])
    if selection["kind"] == "range" and not 1 <= complete[0] <= complete[1] <= size:
        raise Fault("BAD_MANIFEST", "it selects events that are not in the tree")
    if sum(chunk["events"] for chunk in chunks) != manifest["events"] or len(chunks) != -(-size // CHUNK):
        raise Fault("BAD_MANIFEST", "its numbers do not fit together")
    if tree_root([unhash(chunk["root"]) for chunk in chunks]) != checkpoint.root:
        raise Fault("OTHER_ROOT", "the chunks do not give the signed root")
    order, names = Order(complete), {"manifest.json", "events"}
    for index, chunk in enumerate(chunks):
        if chunk["events"] > 0:
            names.add("events/%06d.events" % index)
            ChunkFile(folder, index, unhash(chunk["root"]), size, order).check(chunk["events"])
        order.reaches(min((index + 1) * CHUNK, size) + 1)
    for name in folder.names():
        if name not in names:
            raise Fault("FOREIGN_FILE", "%s does not belong to the bundle" % shown(name))
    return {"origin": checkpoint.origin, "size": size, "events": manifest["events"], "witnesses": cosigned}


# Proofs of one event


def read_text(path):
    try:
        with regular(os.open(path, OPEN_FILE & ~os.O_NOFOLLOW), path) as file:
            data = file.read(MAX_PROOF + 1)
    except OSError as error:
        raise refused(error, path)
    if len(data) > MAX_PROOF:
        raise Bad("it is too long")
    return data.decode()


def read_proof(text):
    """Entry, index, hashes and the text of the note."""
    head = "c2sp.org/tlog-proof@v1\n"
    lines, end, note = text[len(head) :].partition("\n\n")
    if not text.startswith(head) or not end:
        raise Bad("it is no proof")
    lines, entry = lines.split("\n"), None
    if lines[0].startswith("extra "):
        entry = unbase64(lines.pop(0)[len("extra ") :])
    if not lines or not lines[0].startswith("index "):
        raise Bad("it has no index")
    index = number(lines.pop(0)[len("index ") :])
    if len(lines) > MAX_HASHES:
        raise Bad("it has too many hashes")
    return entry, index, [unhash(line) for line in lines], note


def verify_proof(path, options):
    try:
        entry, index, proof, text = read_proof(read_text(path))
    except ValueError as bad:
        raise Fault("BAD_PROOF", str(bad))
    try:
        note = Note(text)
        if options.key is None:
            raise Fault("NO_KEY", "a proof is worth nothing without --key")
        checkpoint = Checkpoint(note, options.key)
    except Bad as bad:
        raise Fault("BAD_CHECKPOINT", str(bad))
    if options.origin not in (None, checkpoint.origin):
        raise Fault("OTHER_LOG", "it is of the log %s" % checkpoint.origin)
    cosigned = witnesses(note, options.witness)
    try:
        position = entry_position(entry or b"")
    except ValueError as bad:
        raise Fault("BAD_PROOF", str(bad))
    if position != index + 1:
        raise Fault("OTHER_POSITION", "the entry is not that of the index", position)
    if not included(index, checkpoint.size, leaf_hash(entry), proof, checkpoint.root):
        raise Fault("NOT_INCLUDED", "the entry is not in the signed tree", position)
    return {"origin": checkpoint.origin, "size": checkpoint.size, "position": position, "witnesses": cosigned}


def main():
    parser = argparse.ArgumentParser(description="Verifies Lethe's audit bundles and .tlog-proof files.")
    parser.add_argument("--key", type=Key)
    parser.add_argument("--origin")
    parser.add_argument("--witness", type=Key, action="append", default=[])
    parser.add_argument("paths", nargs="+", metavar="PATH")
    options, good = parser.parse_args(), True
    for path in options.paths:
        try:
            verify = verify_bundle if os.path.isdir(path) else verify_proof
            result = {"intact": True, **verify(path, options)}
        except Fault as fault:
            good = False
            result = {"intact": False, "code": fault.code, "position": fault.position, "message": str(fault)}
        except OSError as error:
            good = False
            result = {"intact": False, "code": "UNREADABLE", "position": None, "message": str(error.strerror)}
        print(json.dumps(result))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
