# SPDX-License-Identifier: Apache-2.0
# Signs a model without a key of its own, as Sigstore does, in a Sigstore made for the purpose; makes
# each part wrong in turn; and has temper and model_signing (sigstore-python) judge every bundle.
# Usage: .deps/interop/bin/python Tests/Interop/keyless.py TEMPER; needs openssl and no network. Exit
# code 0 when all verdicts are the expected ones.
import base64
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose
from google.protobuf import json_format
from model_signing import hashing, verifying
from model_signing._signing import signing
from sigstore.errors import Error as SigstoreError

from authorities import Authority, ago, base64_of
from sigstore_fixture import PAST, PERSON, PROVIDER, WORKFLOW, Sigstore, canonical, envelope_of

TEMPER = sys.argv[1]
OTHER = x509.RFC822Name("mallory@acme.example")
# A month ago: the certificate has long expired.
THEN = ago(days=30)
failures = []
count = 0


class Case:
    """A bundle, by what is unusual about it, and what both tools must say of it.

    `words` are in temper's reason; None where it must accept. `peer` is the verdict of model_signing:
    the same one unless it is said otherwise, and then with the reason beside the case.
    """

    def __init__(self, name, words=None, *, leaf=(), entry=(), stamps=lambda _: [], roots=(),
                 payload=None, bundle=None, identity=PERSON.value, provider=PROVIDER, code=1,
                 peer=None, peer_identity=None, trusted=None):
        self.name, self.words, self.code = name, words, code
        self.leaf, self.entry, self.roots = dict(leaf), dict(entry), dict(roots)
        self.stamps, self.payload, self.change_bundle = stamps, payload, bundle
        self.identity, self.provider = identity, provider
        self.peer_identity = peer_identity or identity
        self.peer_accepts = words is None if peer is None else peer
        self.trusted = trusted

    def judge(self, sigstore, model, payload, folder):
        global count
        count += 1
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = sigstore.leaf(key, **self.leaf)
        envelope = envelope_of(self.payload(payload) if self.payload else payload, key)
        stamps = self.stamps(base64.b64decode(envelope["signatures"][0]["sig"]))
        entries = [sigstore.entry(envelope, leaf, **self.entry)]
        bundle = sigstore.bundle(envelope, leaf, entries, stamps)
        if self.change_bundle:
            self.change_bundle(bundle)
        place = folder / "bundle.json"
        place.write_text(json.dumps(bundle))
        root = (self.trusted or sigstore).trusted_root(**self.roots)
        (folder / "trusted_root.json").write_text(json.dumps(root))
        self.check_ours(model, place, folder / "trusted_root.json")
        self.check_peer(model, place, root, folder / "trust_config.json")

    def check_ours(self, model, place, root):
        result = subprocess.run(
            [TEMPER, "verify", model, "--signature", place, "--trusted-root", root, "--identity",
             self.identity, "--identity-provider", self.provider], capture_output=True, text=True)
        output = result.stdout + result.stderr
        expected = 0 if self.words is None else self.code
        if result.returncode != expected or (self.words or "") not in " ".join(output.split()):
            failures.append(f"{self.name}: temper: exit code {result.returncode}: {output}")

    def check_peer(self, model, place, root, config):
        service = [{"url": "https://x.example.org", "majorApiVersion": 1, "operator": "x",
                    "validFor": {"start": "2021-01-12T11:53:27.000Z"}}]
        config.write_text(json.dumps({
            "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
            "trustedRoot": root, "signingConfig": {
                "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
                "caUrls": service, "oidcUrls": service, "rekorTlogUrls": service,
                "rekorTlogConfig": {"selector": "ANY"}}}))
        try:
            verifying.Config().use_sigstore_verifier(
                identity=self.peer_identity, oidc_issuer=self.provider, trust_config=config
            ).verify(model, place)
            reason = None
        except (SigstoreError, ValueError) as error:
            reason = error
        if (reason is None) != self.peer_accepts:
            failures.append(f"{self.name}: model_signing: {reason!r}")


def flipped(text):
    """Base64 of the same bytes but for one bit in the middle."""
    data = bytearray(base64.b64decode(text))
    data[len(data) // 2] ^= 1
    return base64_of(data)


def changed(*steps, by):
    """A function that changes what is found along a path."""
    def change(value):
        for step in steps[:-1]:
            value = value[step]
        value[steps[-1]] = by(value[steps[-1]])
    return change


def with_resources(change):
    """A function that changes what a statement lists, and its root with it."""
    def changed(payload):
        statement = json.loads(payload)
        resources = statement["predicate"]["resources"]
        change(resources)
        listed = b"".join(bytes.fromhex(each["digest"]) for each in resources)
        statement["subject"][0]["digest"]["sha256"] = hashlib.sha256(listed).hexdigest()
        return canonical(statement)
    return changed


def stamped(signature):
    return [sigstore.stamp(signature)]


def with_chain(bundle):
    material = bundle["verificationMaterial"]
    material["x509CertificateChain"] = {"certificates": [
        material.pop("certificate"), {"rawBytes": base64_of(sigstore.intermediate.der)}]}


def other_key():
    return ec.generate_private_key(ec.SECP256R1())


def good_cases():
    yield Case("signed and logged now")
    month_ago = {"leaf": {"start": THEN}, "entry": {"time": THEN}}
    yield Case("long after the certificate expired", **month_ago)
    yield Case("a workflow", leaf={"names": [x509.UniformResourceIdentifier(WORKFLOW)]},
               identity=WORKFLOW)
    # sigstore-python reads the older extension alone.
    yield Case("the newer extension alone", leaf={"old_provider": None}, peer=False)
    yield Case("the older extension alone", leaf={"provider": None})
    yield Case("a tree of one leaf", entry={"size": 1, "index": 0})
    yield Case("the last leaf of a large tree", entry={"size": 300, "index": 299})
    yield Case("a timestamp beside the log's time", stamps=stamped)
    yield Case("a timestamp instead of the log's time", stamps=stamped,
               entry={"has_promise": False})
    newer = {"kind": "hashedrekord", "version": "0.0.2"}
    yield Case("the newer log, with a timestamp", stamps=stamped, entry=newer)
    # sigstore-python compares identities as texts.
    yield Case("an identity by a pattern", identity="*@acme.example", peer_identity=PERSON.value)
    # sigstore-python does not read this kind of entry.
    yield Case("the newer log's entry of an envelope", stamps=stamped,
               entry={**newer, "kind": "dsse"}, peer=False)
    # sigstore-python takes no list of certificates in a bundle v0.3.
    yield Case("the intermediate is sent along", bundle=with_chain, peer=False)
    # sigstore-python asks for a proof in a bundle v0.3, although the promise is enough.
    yield Case("a signed entry timestamp without a proof", entry={"has_proof": False}, peer=False)


def cases_of_certificates():
    yield Case("another identity", "whom nobody here names", leaf={"names": [OTHER]})
    yield Case("another provider", "whom nobody here names",
               leaf={"provider": "https://evil.example", "old_provider": "https://evil.example"})
    yield Case("another provider is asked for", "whom nobody here names",
               provider="https://accounts.example.com")
    # sigstore-python reads the older extension alone, which is right here.
    yield Case("two providers", "exactly one name and one provider", code=2,
               leaf={"provider": "https://evil.example"}, peer=True)
    # sigstore-python asks that one of the names is the right one.
    yield Case("two names", "exactly one name and one provider", code=2,
               leaf={"names": [PERSON, OTHER]}, peer=True)
    yield Case("no provider", "no root is trusted",
               leaf={"provider": None, "old_provider": None})
    yield Case("expired before it was logged", "but was valid from",
               leaf={"start": ago(hours=1)})
    yield Case("valid only after it was logged", "but was valid from",
               leaf={"start": ago(minutes=1)}, entry={"time": THEN})
    yield Case("logged in the future", "lies in the future", entry={"time": ago(days=-1)},
               leaf={"start": ago(days=1), "end": ago(days=-2)}, peer=True)  # no clock is asked
    yield Case("stamped after it expired", "but was valid from", stamps=stamped,
               leaf={"start": THEN}, entry={"time": THEN})
    yield Case("for TLS servers", "is for TLS servers", leaf={"purposes": [Purpose.SERVER_AUTH]})
    yield Case("not for signatures", "may not be used for digital signatures",
               leaf={"may_sign": False})
    yield Case("by an authority of the same name", "does not lead to a trusted root",
               leaf={"issuer": Authority("sigstore-intermediate", Authority("sigstore"))})
    yield Case("not in a log of certificates", "has no timestamp of a log of certificates",
               leaf={"is_logged": False})
    unsigned = "no timestamp that a trusted log of certificates signed"
    yield Case("a timestamp by another key", unsigned, leaf={"log_key": other_key()})
    yield Case("a timestamp of other names", unsigned, leaf={"logged_names": [OTHER]})
    yield Case("a timestamp of another issuer", unsigned,
               leaf={"logged_issuer": Authority("sigstore-intermediate")})


def cases_of_entries():
    proof = ("inclusionProof",)
    yield Case("a wrong hash in the proof", "is not shown to be in",
               entry={"changes": changed(*proof, "hashes", 0, by=flipped)})
    yield Case("a proof of another leaf", "is not shown to be in",
               entry={"changes": changed(*proof, "logIndex", by=lambda _: "3")})
    yield Case("a proof that lacks a hash", "is not shown to be in",
               entry={"changes": changed(*proof, "hashes", by=lambda hashes: hashes[1:])})
    yield Case("a proof of another root", "is of another tree than the inclusion proof",
               entry={"changes": changed(*proof, "rootHash", by=flipped)})
    yield Case("a checkpoint of another size", "is of another tree than the inclusion proof",
               entry={"stated_size": 6}, peer=True)  # sigstore-python compares roots alone
    yield Case("a checkpoint by another key", "that is false",
               entry={"checkpoint_key": other_key()})
    yield Case("a checkpoint of nobody's", "is not signed by", entry={"changes": changed(
        *proof, "checkpoint", "envelope", by=lambda note: note.split("\u2014")[0]
        + f"\u2014 evil.example {base64_of(bytes(80))}\n")})
    yield Case("a signed entry timestamp by another key", "did not sign",
               entry={"key": other_key()})
    yield Case("another time than was signed", "did not sign", entry={
        "changes": changed("integratedTime", by=lambda time: str(int(time) + 1))})
    yield Case("another index than was signed", "did not sign", entry={
        "changes": changed("logIndex", by=lambda _: "1003")})
    yield Case("a log that is not trusted", "is of a log that the trusted root does not name",
               entry={"changes": changed("logId", "keyId", by=flipped)})
    # The time without the log's word over it is anybody's.
    yield Case("no time that somebody signed", "does not show when it was made",
               entry={"has_promise": False})
    yield Case("the newer log without a timestamp", "does not show when it was made",
               entry={"kind": "hashedrekord", "version": "0.0.2"})
    yield Case("an entry of other content", "is of another content", entry={"change_body": changed(
        "spec", "payloadHash", "value", by=lambda _: "0" * 64)})
    yield Case("an entry of another signature", "is of another signature",
               entry={"change_body": changed("spec", "signatures", 0, "signature", by=flipped)})
    yield Case("an entry under another certificate", "under another certificate",
               entry={"change_body": changed("spec", "signatures", 0, "verifier", by=lambda _: (
                   Sigstore.body("dsse", "0.0.1", envelope_of(b"{}", other_key()),
                                 Authority("x").certificate)
                   ["spec"]["signatures"][0]["verifier"]))})
    yield Case("an entry of the newer log, of other content", "is of another content",
               stamps=stamped, entry={"kind": "hashedrekord", "version": "0.0.2", "change_body": changed(
                   "spec", "hashedRekordV002", "data", "digest", by=flipped)})
    yield Case("an entry of a kind for files", "which no signature of a model has",
               entry={"kind": "hashedrekord"})
    yield Case("no entry", "has 0 log entries", stamps=stamped, bundle=changed(
        "verificationMaterial", "tlogEntries", by=lambda _: []))


def cases_of_content():
    yield Case("an altered signature", "is of another signature",
               bundle=changed("dsseEnvelope", "signatures", 0, "sig", by=flipped))
    yield Case("an altered statement", "is of another content", bundle=changed(
        "dsseEnvelope", "payload", by=lambda text: base64_of(
            base64.b64decode(text).replace(b"config.json", b"confug.json"))))
    yield Case("a statement of another digest", "was changed", payload=with_resources(
        lambda resources: resources[0].update(digest="0" * 64)))
    yield Case("a statement of more files", "is missing", payload=with_resources(
        lambda resources: resources.append(
            {"name": "z", "algorithm": "sha256", "digest": "0" * 64})))
    stamp_of_other = "does not show when it was made"
    yield Case("a timestamp of another signature", stamp_of_other,
               entry={"has_promise": False}, stamps=lambda _: stamped(b"x"))
    yield Case("a timestamp by another key", stamp_of_other, entry={"has_promise": False},
               stamps=lambda signature: [Sigstore(sigstore.folder).stamp(signature)])
    # sigstore-python takes what a trusted root names for good, whenever it was in use.
    yield Case("a log that was no longer in use", "was not in use", roots={"logs": PAST}, peer=True)
    yield Case("a log of certificates no longer in use", "no timestamp that a trusted log",
               roots={"certificates": PAST}, peer=True)
    yield Case("an authority no longer in use", "does not lead to a trusted root",
               roots={"authorities": PAST}, peer=True)
    yield Case("a timestamp authority no longer in use", stamp_of_other, stamps=stamped,
               entry={"has_promise": False}, roots={"stamps": PAST})


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    model = folder / "model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    (model / "model.safetensors").write_bytes(os.urandom(1000))
    # The statement that model_signing signs.
    statement = signing.Payload(hashing.Config().hash(model)).statement
    payload = json_format.MessageToJson(statement.pb).encode()
    sigstore = Sigstore(folder)
    cases = [*good_cases(), *cases_of_certificates(), *cases_of_entries(), *cases_of_content(),
             Case("another Sigstore", "is of a log that the trusted root does not name",
                  trusted=Sigstore(folder))]
    for case in cases:
        case.judge(sigstore, model, payload, folder)
    (model / "config.json").write_text("[]")
    Case("an altered file", "was changed").judge(sigstore, model, payload, folder)

for failure in failures:
    print(failure, file=sys.stderr)
print(f"keyless: temper and model_signing judge {count} bundles, {len(failures)} verdicts are wrong")
sys.exit(1 if failures else 0)
