# SPDX-License-Identifier: Apache-2.0
# A whole Sigstore of its own, made in memory: an authority, a log of certificates, Rekor's older and
# newer log, and a timestamp authority. Each part can be made wrong.
import base64
import copy
import datetime
import hashlib
import json
import struct

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose

from authorities import Authority, ago, base64_of, certificate, common_name, now, stamp, usage

PROVIDER = "https://accounts.example.org"
PERSON = x509.RFC822Name("release@acme.example")
WORKFLOW = "https://github.com/acme/model/.github/workflows/release.yml@refs/tags/v1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
ALWAYS = {"start": "2021-01-12T11:53:27.000Z"}
PAST = {**ALWAYS, "end": "2022-12-31T23:59:59.999Z"}
OLD_PROVIDER, NEW_PROVIDER, TIMESTAMPS = (
    x509.ObjectIdentifier(identifier) for identifier in (
        "1.3.6.1.4.1.57264.1.1", "1.3.6.1.4.1.57264.1.8", "1.3.6.1.4.1.11129.2.4.2"))


def canonical(value):
    """JSON as RFC 8785 writes it, for texts and integers."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def der_of(key):
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def signature_by(key, message):
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    return key.sign(message, ec.ECDSA(hashes.SHA256()))


def encoding_to_sign(payload, kind=PAYLOAD_TYPE):
    """DSSE's encoding of what is signed."""
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)


def envelope_of(payload, key):
    signature = signature_by(key, encoding_to_sign(payload))
    return {"payload": base64_of(payload), "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": base64_of(signature)}]}


# MARK: - The log's tree (RFC 6962, section 2.1)

def leaf_hash(data):
    return hashlib.sha256(b"\0" + data).digest()


def tree(leaves):
    """The root of leaves' hashes."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + tree(leaves[:split]) + tree(leaves[split:])).digest()


def path(leaves, index):
    """The proof that a leaf is in the tree."""
    if len(leaves) == 1:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if index < split:
        return path(leaves[:split], index) + [tree(leaves[split:])]
    return path(leaves[split:], index - split) + [tree(leaves[:split])]


class Log:
    """A log of certificates or of signatures."""

    def __init__(self, name, is_new=False):
        self.name, self.is_new = name, is_new
        self.key = (ed25519.Ed25519PrivateKey.generate() if is_new
                    else ec.generate_private_key(ec.SECP256R1()))
        self.identifier = hashlib.sha256(der_of(self.key)).digest()
        if is_new:  # c2sp.org/signed-note
            raw = self.key.public_key().public_bytes_raw()
            self.identifier = hashlib.sha256(name.encode() + b"\n\1" + raw).digest()

    def trusted(self, period):
        details = "PKIX_ED25519" if self.is_new else "PKIX_ECDSA_P256_SHA_256"
        return {"baseUrl": f"https://{self.name}", "hashAlgorithm": "SHA2_256",
                "publicKey": {"rawBytes": base64_of(der_of(self.key)), "keyDetails": details,
                              "validFor": period},
                "logId": {"keyId": base64_of(self.identifier)}}

    def timestamp(self, issued, issuer_key, time, key=None):
        """The list with the timestamp of a certificate (RFC 6962, section 3.2)."""
        milliseconds = int(time.timestamp() * 1000)
        message = (struct.pack("!BBQH", 0, 0, milliseconds, 1)
                   + hashlib.sha256(der_of(issuer_key)).digest()
                   + struct.pack("!I", len(issued))[1:] + issued + b"\0\0")
        signature = signature_by(key or self.key, message)
        entry = (b"\0" + self.identifier + struct.pack("!QH", milliseconds, 0)
                 + struct.pack("!BBH", 4, 3, len(signature)) + signature)
        return struct.pack("!HH", len(entry) + 2, len(entry)) + entry

    def checkpoint(self, root, size, key=None):
        note = f"{self.name} - 1\n{size}\n{base64_of(root)}\n"
        signature = self.identifier[:4] + signature_by(key or self.key, note.encode())
        return f"{note}\n\u2014 {self.name} {base64_of(signature)}\n"


class Sigstore:
    """The authorities and logs, and what they say of a signature."""

    def __init__(self, folder):
        self.folder = folder
        self.root = Authority("sigstore")
        self.intermediate = Authority(
            "sigstore-intermediate", self.root, [Purpose.CODE_SIGNING])
        self.certificates = Log("ctfe.example.org")
        self.log, self.new_log = Log("rekor.example.org"), Log("log2026.example.org", is_new=True)
        self.stamps = Authority("tsa-root")
        self.stamp_key = ec.generate_private_key(ec.SECP256R1())
        self.stamp_certificate = self.stamps.issue(
            common_name("tsa"), self.stamp_key,
            [usage(digital_signature=True), (x509.ExtendedKeyUsage([Purpose.TIME_STAMPING]), True)],
            ago(days=60), ago(days=-60))

    def leaf(self, key, *, names=(PERSON,), provider=PROVIDER, old_provider=PROVIDER, start=None,
             end=None, purposes=(Purpose.CODE_SIGNING,), may_sign=True, issuer=None, log_key=None,
             is_logged=True, logged_names=None, logged_issuer=None):
        """The signer's certificate, valid for ten minutes unless it is said otherwise."""
        issuer = issuer or self.intermediate
        start = start or ago(minutes=1)
        extensions = [usage(digital_signature=may_sign, key_agreement=not may_sign),
                      (x509.ExtendedKeyUsage(purposes), False)]
        if old_provider:
            extensions.append((x509.UnrecognizedExtension(
                OLD_PROVIDER, old_provider.encode()), False))
        if provider:
            extensions.append((x509.UnrecognizedExtension(
                NEW_PROVIDER, bytes([12, len(provider)]) + provider.encode()), False))

        def draft(names):
            return certificate(
                x509.Name([]), key, issuer.name, issuer.key,
                [*extensions, (x509.SubjectAlternativeName(names), True)], start,
                end or start + datetime.timedelta(minutes=10))

        builder, seen = draft(names)
        if not is_logged:
            return seen
        if logged_names:
            _, seen = draft(logged_names)
        timestamps = self.certificates.timestamp(
            seen.tbs_certificate_bytes, (logged_issuer or issuer).key, start, log_key)
        value = bytes([4, len(timestamps)]) + timestamps
        return builder.add_extension(
            x509.UnrecognizedExtension(TIMESTAMPS, value), critical=False
        ).sign(issuer.key, hashes.SHA256())

    @staticmethod
    def body(kind, version, envelope, leaf):
        """What the log holds of a signature."""
        payload = base64.b64decode(envelope["payload"])
        signature = envelope["signatures"][0]["sig"]
        der = leaf.public_bytes(serialization.Encoding.DER)
        verifier = {"keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "x509Certificate": {"rawBytes": base64_of(der)}}
        if version == "0.0.1":
            pem = leaf.public_bytes(serialization.Encoding.PEM)
            spec = {"envelopeHash": {"algorithm": "sha256",
                                     "value": hashlib.sha256(canonical(envelope)).hexdigest()},
                    "payloadHash": {"algorithm": "sha256",
                                    "value": hashlib.sha256(payload).hexdigest()},
                    "signatures": [{"signature": signature, "verifier": base64_of(pem)}]}
        elif kind == "dsse":
            spec = {"dsseV002": {
                "payloadHash": {"algorithm": "SHA2_256",
                                "digest": base64_of(hashlib.sha256(payload).digest())},
                "signatures": [{"content": signature, "verifier": verifier}]}}
        else:
            digest = hashlib.sha256(encoding_to_sign(payload)).digest()
            spec = {"hashedRekordV002": {
                "data": {"algorithm": "SHA2_256", "digest": base64_of(digest)},
                "signature": {"content": signature, "verifier": verifier}}}
        return {"apiVersion": version, "kind": kind, "spec": spec}

    def entry(self, envelope, leaf, *, kind="dsse", version="0.0.1", time=None, key=None,
              checkpoint_key=None, stated_size=None, size=5, index=2, change_body=None,
              has_promise=True, has_proof=True, changes=None):
        """The log's entry of a signature. The newer log signs no times."""
        log = self.log if version == "0.0.1" else self.new_log
        body = self.body(kind, version, envelope, leaf)
        if change_body:
            change_body(body)
        body = canonical(body)
        entry = {"logIndex": "1002", "logId": {"keyId": base64_of(log.identifier)},
                 "kindVersion": {"kind": kind, "version": version},
                 "canonicalizedBody": base64_of(body)}
        if has_promise and not log.is_new:
            seconds = int((time or now()).timestamp())
            promised = canonical({"body": base64_of(body), "integratedTime": seconds,
                                  "logID": log.identifier.hex(), "logIndex": 1002})
            entry |= {"integratedTime": str(seconds), "inclusionPromise": {
                "signedEntryTimestamp": base64_of(signature_by(key or log.key, promised))}}
        if has_proof:
            leaves = [leaf_hash(b"entry %d" % number) for number in range(size)]
            leaves[index] = leaf_hash(body)
            root = tree(leaves)
            entry["inclusionProof"] = {
                "logIndex": str(index), "rootHash": base64_of(root), "treeSize": str(size),
                "hashes": [base64_of(each) for each in path(leaves, index)],
                "checkpoint": {"envelope": log.checkpoint(
                    root, stated_size or size, checkpoint_key)}}
        if changes:
            changes(entry)
        return entry

    def stamp(self, message, key=None):
        """A timestamp of now over a message, by 'openssl ts'."""
        return stamp(self.folder, message, self.stamp_certificate, key or self.stamp_key)

    @staticmethod
    def bundle(envelope, leaf, entries, stamps=()):
        material = {"certificate": {"rawBytes": base64_of(
            leaf.public_bytes(serialization.Encoding.DER))}, "tlogEntries": entries}
        if stamps:
            material["timestampVerificationData"] = {"rfc3161Timestamps": [
                {"signedTimestamp": base64_of(each)} for each in stamps]}
        return {"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
                "verificationMaterial": material, "dsseEnvelope": copy.deepcopy(envelope)}

    def trusted_root(self, *, logs=ALWAYS, certificates=ALWAYS, authorities=ALWAYS, stamps=ALWAYS):
        def authority(period, *chain):
            return {"subject": {"organization": "example", "commonName": "example"},
                    "certChain": {"certificates": [
                        {"rawBytes": base64_of(each.public_bytes(serialization.Encoding.DER))}
                        for each in chain]}, "validFor": period}
        return {"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
                "tlogs": [self.log.trusted(logs), self.new_log.trusted(logs)],
                "certificateAuthorities": [authority(
                    authorities, self.intermediate.certificate, self.root.certificate)],
                "ctlogs": [self.certificates.trusted(certificates)],
                "timestampAuthorities": [authority(
                    stamps, self.stamp_certificate, self.stamps.certificate)]}
