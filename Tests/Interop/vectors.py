# SPDX-License-Identifier: Apache-2.0
# Fresh signatures in each class of the vectors of OMS v1.0 (Tests/ProvenanceTests/Goldens/oms.tar.gz):
# keys, certificates of each kind of usage, orders of files, a single file, and altered statements and
# bundles. temper and model_signing judge them all.
# Usage: .deps/interop/bin/python Tests/Interop/vectors.py TEMPER. Exit code 0 when all verdicts are the
# expected ones.
import base64
import copy
import json
import pathlib
import sys
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import utils
from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose

from authorities import ago, base64_of, usage
from oms_fixture import Vectors, digest_of, root_of

# Of P-256.
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def keys(vectors):
    for size in vectors.keys:
        bundle = vectors.bundle(vectors.statement(), size=size)
        vectors.judge(f"a key on P-{size}", bundle, size=size)
        vectors.judge("another key", bundle, "made with another key",
                      size=384 if size == 256 else 256)
    by_text = vectors.bundle(vectors.statement(order=str))
    vectors.judge("the order of the specification's text", by_text)
    backwards = vectors.statement()
    backwards["predicate"]["resources"].reverse()
    vectors.judge("another order, without its root", vectors.bundle(backwards), "the root digest")
    backwards["subject"][0]["digest"]["sha256"] = root_of(backwards["predicate"]["resources"])
    vectors.judge("another order", vectors.bundle(backwards))
    single = vectors.model / "model.safetensors"
    statement = vectors.statement()
    statement["predicate"]["resources"] = [
        {"name": ".", "algorithm": "sha256", "digest": digest_of(single.read_bytes())}]
    statement["subject"] = [{"name": single.name, "digest": {
        "sha256": root_of(statement["predicate"]["resources"])}}]
    vectors.judge("a single file", vectors.bundle(statement), model=single)
    vectors.judge("a single file's signature of a directory", vectors.bundle(statement),
                  "is not what was signed")
    vectors.judge("a directory's signature of a single file", vectors.bundle(vectors.statement()),
                  "is not what was signed", model=single)


def certificates(vectors):
    statement = vectors.statement()
    signs = usage(digital_signature=True)
    code = (x509.ExtendedKeyUsage([Purpose.CODE_SIGNING]), False)
    server = (x509.ExtendedKeyUsage([Purpose.SERVER_AUTH]), False)
    good = vectors.bundle(statement, vectors.chain([signs, code]))
    with_root = vectors.bundle(statement, vectors.chain([signs, code], vectors.root))
    vectors.judge("a certificate", good, root=vectors.root)
    vectors.judge("a certificate, with its root", with_root, root=vectors.root)
    vectors.judge("another root", good, "does not lead to a trusted root", root=vectors.other_root)
    vectors.judge("another root than is sent along", with_root, "does not lead to a trusted root",
                  root=vectors.other_root)
    vectors.judge("a key for a certificate", good, "no root is trusted")
    vectors.judge("a root for a key", vectors.bundle(statement), "no key is trusted",
                  root=vectors.root)
    # model_signing judges a certificate at the time when it became valid.
    vectors.judge("an expired certificate", vectors.bundle(statement, vectors.chain(
        [signs, code], start=ago(days=2), end=ago(days=1))), "expired at", root=vectors.root,
        peer=True)
    # For model_signing one good usage of the two is enough.
    for name, extensions, words, peer in [
            ("for TLS servers", [signs, server], "is for TLS servers", True),
            ("key usage only", [signs], "no extended key usage", True),
            ("extended key usage only", [code], "no key usage", True),
            ("no usage", [], "no key usage", False),
            ("no digital signatures", [usage(key_agreement=True), code],
             "may not be used for digital signatures", True)]:
        vectors.judge(name, vectors.bundle(statement, vectors.chain(extensions)), words,
                      root=vectors.root, peer=peer)


def statements(vectors):
    """Statements that were altered before they were signed."""
    zero = "0" * 64

    def altered(name, change, words=None, has_root=True, **options):
        statement = vectors.statement()
        resources = statement["predicate"]["resources"]
        replaced = change(statement, resources)
        if has_root:
            statement["subject"][0]["digest"]["sha256"] = root_of(resources)
        vectors.judge(name, vectors.bundle(
            replaced if isinstance(replaced, bytes) else statement), words, **options)

    def at(index, **values):
        return lambda _, resources: resources[index].update(values)

    def subject(**values):
        return lambda statement, _: statement["subject"][0].update(values)

    def serialization_with(**values):
        return lambda statement, _: statement["predicate"]["serialization"].update(values)

    def without(*path):
        def change(statement, _):
            for step in path[:-1]:
                statement = statement[step]
            statement.pop(path[-1])
        return change

    def text(old, new):
        return lambda statement, _: json.dumps(statement).replace(old, new, 1).encode()

    plain = "not a plain path"
    upper = root_of(vectors.statement()["predicate"]["resources"]).upper()
    altered("compact, keys in another order", lambda statement, _: json.dumps(
        statement, sort_keys=True, separators=(",", ":")).encode())
    altered("a wrong root", subject(digest={"sha256": zero}), "the root digest", has_root=False)
    altered("a root in upper case", subject(digest={"sha256": upper}), "the root digest",
            has_root=False)
    altered("another digest of the subject", lambda statement, _: (
        statement["subject"][0]["digest"].update(sha512="00")))
    altered("another name of the model", subject(name="another name"))
    altered("no name of the model", without("subject", 0, "name"), "no name")
    altered("two subjects", lambda statement, _: statement["subject"].append(
        copy.deepcopy(statement["subject"][0])), "2 subjects")
    altered("unknown fields", lambda statement, resources: [
        each.update(extra=[1, {}]) for each in (
            statement, statement["predicate"], statement["predicate"]["serialization"],
            resources[0])])
    altered("the algorithm in upper case", at(0, algorithm="SHA256"), '"SHA256", not')
    altered("no algorithm", without("predicate", "resources", 0, "algorithm"),
            "no name, algorithm")
    # model_signing takes names for paths; temper asks that each file has one name.
    for name, peer in [("./config.json", True), ("x/../config.json", False), ("/etc/passwd", False),
                       ("tokenizer\\config.json", False)]:
        altered(f"the name {name}", at(1, name=name), "was added" if "\\" in name else plain,
                peer=peer)
    altered("a name outside of the model", at(1, name="../model/config.json"), plain, peer=True,
            ignores=True)
    # model_signing takes the last of two; temper refuses whatever has two answers.
    for name, index, peer in [("first", 0, True), ("last", 7, False)]:
        altered(f"a name twice, wrong {name}", lambda _, resources: resources.insert(
            index, {"name": "config.json", "algorithm": "sha256", "digest": zero}),
            "listed twice", peer=peer)
    altered("a key twice", text('"predicateType"', '"predicateType": "x", "predicateType"'),
            "occurs twice", peer=True)
    altered("digests in upper case", lambda _, resources: [
        each.update(digest=each["digest"].upper()) for each in resources], "64 lowercase",
        peer=True)
    altered("an unknown method", serialization_with(method="tree"), 'by "tree"')
    altered("another hash", serialization_with(hash_type="blake3"), '"blake3"')
    altered("symbolic links by a text", serialization_with(allow_symlinks="false"),
            "true or false", peer=True)
    altered("nothing about symbolic links", without(
        "predicate", "serialization", "allow_symlinks"), "allow_symlinks is missing")
    altered("no hash", without("predicate", "serialization", "hash_type"), '"nothing"')
    altered("everything ignored", lambda statement, resources: [
        statement["predicate"]["serialization"].update(ignore_paths=["."]), resources.clear()],
        'ignored path "."', peer=True)
    altered("another version of the predicate", text("signature/v1.0", "signature/v1.1"),
            "predicateType")
    altered("another version of the statement", text("Statement/v1", "Statement/v0.1"), "_type")
    altered("broken JSON", text("{", "{{"), "is expected")


def bundles(vectors):
    """Bundles that were altered around a good statement."""
    good = vectors.bundle(vectors.statement())

    def altered(name, change, words=None, **options):
        bundle = copy.deepcopy(good)
        change(bundle, bundle["verificationMaterial"], bundle["dsseEnvelope"])
        vectors.judge(name, bundle, words, **{"code": 2, **options})

    def signature(change):
        def altering(_, __, envelope):
            first = envelope["signatures"][0]
            first["sig"] = base64_of(change(base64.b64decode(first["sig"])))
        return altering

    def raw(der):
        return b"".join(part.to_bytes(32) for part in utils.decode_dss_signature(der))

    def malleated(der):
        r, s = utils.decode_dss_signature(der)
        return utils.encode_dss_signature(r, ORDER - s)

    broken = {"sig": base64_of(bytes(70))}
    vectors.judge("written with spaces", json.dumps(good, indent=4).encode())
    altered("no list of entries", lambda _, material, __: material.pop("tlogEntries"))
    altered("an empty hint", lambda _, material, __: material["publicKey"].update(hint=""))
    altered("no hint", lambda _, material, __: material["publicKey"].pop("hint"))
    altered("a hint in upper case", lambda _, material, __: material["publicKey"].update(
        hint=material["publicKey"]["hint"].upper()), "made with another key", code=1)
    altered("no key", lambda _, material, __: material.pop("publicKey"), "one of publicKey")
    altered("no timestamps", lambda _, material, __: material.update(
        timestampVerificationData={}))
    altered("an unknown field of the material", lambda _, material, __: material.update(foo=1),
            "not known")
    altered("an unknown field", lambda bundle, *_: bundle.update(foo=1), "not known")
    for version in ("0.3", "0.2"):
        altered(f"the type of version {version}", lambda bundle, *_: bundle.update(
            mediaType=f"application/vnd.dev.sigstore.bundle+json;version={version}"), "mediaType")
    altered("no keyid", lambda _, __, envelope: envelope["signatures"][0].pop("keyid"))
    altered("a keyid", lambda _, __, envelope: envelope["signatures"][0].update(keyid="abc"))
    vectors.judge("another type of the payload",
                  vectors.bundle(vectors.statement(), kind="text/plain"), "payloadType")
    altered("a good signature second", lambda _, __, envelope: envelope["signatures"].insert(
        0, broken), "2 signatures")
    # model_signing looks at the first alone.
    altered("a good signature first", lambda _, __, envelope: envelope["signatures"].append(
        broken), "2 signatures", peer=True)
    altered("no signatures", lambda _, __, envelope: envelope["signatures"].clear(),
            "0 signatures")
    altered("base64 of the other alphabet", lambda _, __, envelope: envelope.update(
        payload=envelope["payload"].replace("+", "-").replace("/", "_")))
    altered("base64 with a line feed", lambda _, __, envelope: envelope.update(
        payload=envelope["payload"] + "\n"), "not base64", peer=True)
    altered("a byte after the signature", signature(lambda der: der + b"\0"),
            "is not signed by", code=1)
    altered("the bare numbers of the signature", signature(raw), "is not signed by", code=1)
    altered("n - s instead of s", signature(malleated))


with tempfile.TemporaryDirectory() as name:
    vectors = Vectors(sys.argv[1], pathlib.Path(name))
    for group in (keys, certificates, statements, bundles):
        group(vectors)

for failure in vectors.failures:
    print(failure, file=sys.stderr)
print(f"vectors: temper and model_signing judge {vectors.count} signatures, "
      f"{len(vectors.failures)} verdicts are wrong")
sys.exit(1 if vectors.failures else 0)
