# SPDX-License-Identifier: Apache-2.0
# What fresh vectors of OMS v1.0 are made of: a model, keys, authorities, statements and bundles; and
# how temper and model_signing judge a bundle.
import hashlib
import json
import os
import subprocess

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from model_signing import verifying

from authorities import Authority, ago, base64_of, common_name
from sigstore_fixture import PAYLOAD_TYPE, encoding_to_sign

IGNORED = [".git", ".gitattributes", ".github", ".gitignore"]
HASHES = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}


def digest_of(data):
    return hashlib.sha256(data).hexdigest()


def root_of(resources):
    return digest_of(b"".join(bytes.fromhex(each["digest"]) for each in resources))


class Vectors:
    """A model on disk, keys on each curve, and two authorities of one name."""

    def __init__(self, temper, folder):
        self.temper, self.folder, self.model = temper, folder, folder / "model"
        self.failures, self.count = [], 0
        for name in (".hidden", "config.json", "model.safetensors", "tokenizer/empty.bin",
                     "tokenizer/na\u00efve \u00fcn\u00ef.txt", "tokenizer-extra.txt",
                     "tokenizer.txt", ".git/HEAD", ".gitignore"):
            file = self.model / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"" if "empty" in name else os.urandom(100 + len(name)))
        (self.model / "emptydir").mkdir()
        self.keys = {curve.key_size: ec.generate_private_key(curve)
                     for curve in (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1())}
        self.root, self.other_root = Authority("root"), Authority("root")
        self.intermediate = Authority("intermediate", self.root)

    def file(self, name, content):
        place = self.folder / name
        place.write_bytes(content)
        return place

    def public(self, size):
        return self.file(f"p{size}.pem", self.keys[size].public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))

    def statement(self, order=None):
        """What is to be signed; files in the order of their paths' parts, as model_signing has it."""
        files = sorted((file.relative_to(self.model) for file in self.model.rglob("*")
                        if file.is_file()), key=order)
        resources = [{"name": str(file), "algorithm": "sha256",
                      "digest": digest_of((self.model / file).read_bytes())}
                     for file in files if file.parts[0] not in IGNORED]
        return {"_type": "https://in-toto.io/Statement/v1",
                "subject": [{"name": "model", "digest": {"sha256": root_of(resources)}}],
                "predicateType": "https://model_signing/signature/v1.0",
                "predicate": {"serialization": {
                    "method": "files", "hash_type": "sha256", "allow_symlinks": False,
                    "ignore_paths": IGNORED}, "resources": resources}}

    def bundle(self, payload, material=None, size=256, kind=PAYLOAD_TYPE):
        """A bundle over a statement, signed with the key on a curve."""
        payload = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        signature = self.keys[size].sign(encoding_to_sign(payload, kind), ec.ECDSA(HASHES[size]))
        hint = digest_of(self.public(size).read_bytes())
        return {"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
                "verificationMaterial": {**(material or {"publicKey": {"hint": hint}}),
                                         "tlogEntries": []},
                "dsseEnvelope": {"payload": base64_of(payload), "payloadType": kind,
                                 "signatures": [{"sig": base64_of(signature), "keyid": ""}]}}

    def chain(self, extensions, *above, start=None, end=None):
        """The material of a signer with a certificate of some extensions."""
        leaf = self.intermediate.issue(common_name("signer"), self.keys[256], extensions,
                                       start or ago(hours=1), end or ago(hours=-1))
        list_ = [leaf, self.intermediate.certificate, *(each.certificate for each in above)]
        return {"x509CertificateChain": {"certificates": [
            {"rawBytes": base64_of(each.public_bytes(serialization.Encoding.DER))}
            for each in list_]}}

    def judge(self, name, bundle, words=None, *, size=256, root=None, peer=None, code=1,
              model=None, ignores=False):
        """Checks both verdicts: `words` are in temper's reason, None where it must accept; `peer` says
        whether model_signing accepts, where that is another answer."""
        self.count += 1
        place = self.file("model.sig", bundle if isinstance(bundle, bytes)
                          else json.dumps(bundle).encode())
        trusted = root and self.file("root.pem", root.certificate.public_bytes(
            serialization.Encoding.PEM))
        arguments = ["--root", trusted] if root else ["--key", self.public(size)]
        result = subprocess.run(
            [self.temper, "verify", model or self.model, "--signature", place, *arguments,
             *["--ignore-unsigned-files"] * ignores], capture_output=True, text=True)
        output = " ".join((result.stdout + result.stderr).split())
        if result.returncode != (0 if words is None else code) or (words or "") not in output:
            self.failures.append(f"{name}: temper: exit code {result.returncode}: {output}")
        verifier = verifying.Config().set_ignore_unsigned_files(ignores)
        try:
            if root:
                verifier.use_certificate_verifier(certificate_chain=[trusted])
            else:
                verifier.use_elliptic_key_verifier(public_key=self.public(size))
            verifier.verify(model or self.model, place)
            reason = None
        except Exception as error:  # as its command does: any of them is a refusal
            reason = error
        if (reason is None) != (words is None if peer is None else peer):
            self.failures.append(f"{name}: model_signing: {reason!r}")
