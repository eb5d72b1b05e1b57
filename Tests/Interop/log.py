# SPDX-License-Identifier: Apache-2.0
# Checks what 'temper log' writes with hashlib and Ed25519 of another library, by the words of RFC 6962
# and C2SP (signed-note, tlog-checkpoint, tlog-cosignature, tlog-proof), and has temper check what this
# script writes. Nothing here is taken from Temper.
# Usage: .deps/interop/bin/python Tests/Interop/log.py TEMPER. Exit code 0 when all is well.
# With --vectors instead of TEMPER it prints Tests/ProvenanceTests/Goldens/log.json, of new keys.
import base64
import hashlib
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

LOG, WITNESS = b"\x01", b"\x04"


def b64(data):
    return base64.b64encode(data).decode()


def leaf(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def split(count):
    """The largest power of two below a number of leaves."""
    return 1 << (count - 1).bit_length() - 1


def root(leaves):
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    k = split(len(leaves))
    return hashlib.sha256(b"\x01" + root(leaves[:k]) + root(leaves[k:])).digest()


def path(index, leaves):
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return path(index, leaves[:k]) + [root(leaves[k:])]
    return path(index - k, leaves[k:]) + [root(leaves[:k])]


class Key:
    """A key of signed notes, of a log or a witness."""

    def __init__(self, name, kind):
        self.name, self.kind, self.private = name, kind, Ed25519PrivateKey.generate()
        self.public = self.private.public_key().public_bytes_raw()

    @property
    def identifier(self):
        return hashlib.sha256(self.name.encode() + b"\n" + self.kind + self.public).digest()[:4]

    @property
    def text(self):
        return f"{self.name}+{self.identifier.hex()}+{b64(self.kind + self.public)}"

    def line(self, body, time=0):
        if self.kind == LOG:
            signature = self.private.sign(body.encode())
        else:
            signature = struct.pack(">Q", time) + self.private.sign(cosigned(body, time))
        return f"\u2014 {self.name} {b64(self.identifier + signature)}\n"


def cosigned(body, time):
    return f"cosignature/v1\ntime {time}\n{body}".encode()


def checkpoint(log, witnesses, leaves, time):
    body = f"{log.name}\n{len(leaves)}\n{b64(root(leaves))}\n"
    return body + "\n" + log.line(body) + "".join(
        witness.line(body, time + at) for at, witness in enumerate(witnesses))


def proof(index, leaves, note):
    lines = ["c2sp.org/tlog-proof@v1", f"index {index}", *map(b64, path(index, leaves))]
    return "\n".join(lines) + "\n\n" + note


def vectors():
    log = Key("log.example/audits", LOG)
    witnesses = [Key(f"witness.example/w{number}", WITNESS) for number in (1, 2, 3)]
    entries = [f"entry {number}" for number in range(7)]
    leaves = [leaf(entry.encode()) for entry in entries]
    time = 1_793_500_000
    note = checkpoint(log, witnesses, leaves, time)
    return {
        "key": log.text, "witnesses": [witness.text for witness in witnesses],
        "entries": entries, "checkpoint": note, "time": time,
        "proofs": [proof(index, leaves, note) for index in range(len(entries))]}


def verify(text, entry, keys):
    """Checks a proof with the public keys; returns the times of the cosignatures."""
    head, body, signatures = text.split("\n\n")
    lines = head.split("\n")
    expect("another first line", lines[0] == "c2sp.org/tlog-proof@v1")
    index = int(lines[1].removeprefix("index "))
    origin, size, top = body.split("\n")
    size = int(size)
    node, last = leaf(entry), size - 1
    for line in lines[2:]:
        sibling = base64.b64decode(line, validate=True)
        if index & 1 or index == last:
            node = hashlib.sha256(b"\x01" + sibling + node).digest()
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\x01" + node + sibling).digest()
        index, last = index >> 1, last >> 1
    expect("the proof does not lead to the root", last == 0 and b64(node) == top)
    times = []
    named = {line.split(" ")[1]: base64.b64decode(line.split(" ")[2])
             for line in signatures.strip().split("\n")}
    for key in keys:
        name, identifier, material = key.split("+", 2)
        material = base64.b64decode(material, validate=True)
        expect("a key ID that is not the key's", identifier == hashlib.sha256(
            name.encode() + b"\n" + material).digest()[:4].hex())
        expect(f"no signature of {name}", named[name][:4].hex() == identifier)
        public, signature = Ed25519PublicKey.from_public_bytes(material[1:]), named[name][4:]
        if material[:1] == LOG:
            public.verify(signature, f"{body}\n".encode())
        else:
            times.append(struct.unpack(">Q", signature[:8])[0])
            public.verify(signature[8:], cosigned(f"{body}\n", times[-1]))
    return times


def expect(what, is_good):
    if not is_good:
        sys.exit(f"log: {what}")


def main(temper):
    def run(*arguments, code=0):
        result = subprocess.run([temper, *map(str, arguments)], capture_output=True, text=True)
        expect(f"exit code {result.returncode} of {arguments}: {result.stdout}{result.stderr}",
               result.returncode == code)
        return result.stdout

    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        log = directory / "log"
        key = run("log", "create", log, "--origin", "example.org/audits",
                  "--key", directory / "log.key").split()[-1]
        entries = [f"audit {number}" for number in range(300)]
        (directory / "lines").write_text("\n".join(entries) + "\n")
        run("log", "append", log, directory / "lines", "--lines", "--key", directory / "log.key")
        keys = [key]
        for number in (1, 2):
            private = directory / f"w{number}.key"
            keys.append(run("log", "witness", "--name", f"w{number}.example",
                            "--key", private).split()[-1])
            run("log", "cosign", log, "--log-key", key, "--key", private,
                "--seen", directory / f"w{number}.seen")
        leaves = [leaf(entry.encode()) for entry in entries]
        for index in (0, 1, 255, 256, 299):
            text = run("log", "prove", log, index)
            times = verify(text, entries[index].encode(), keys)
            expect("a cosignature states no recent time", min(times) > 1_700_000_000)
            expect("the root is another", b64(root(leaves)) in text)

        known = vectors()
        for index, entry in enumerate(known["entries"]):
            (directory / "proof").write_text(known["proofs"][index])
            (directory / "entry").write_text(entry)
            witnesses = [word for text in known["witnesses"] for word in ("--witness", text)]
            arguments = ["log", "verify", directory / "proof", "--key", known["key"],
                         "--entry", directory / "entry", *witnesses]
            run(*arguments)
            run(*arguments, "--witness", keys[1], code=1)
            (directory / "entry").write_text(entry + "!")
            run(*arguments, code=1)
    print("proofs and cosignatures of both sides checked by the other")


if sys.argv[1] == "--vectors":
    print(json.dumps(vectors(), indent=1, ensure_ascii=False))
else:
    main(sys.argv[1])
