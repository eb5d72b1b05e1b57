# SPDX-License-Identifier: Apache-2.0
# Timestamps by 'openssl ts' and revocation lists by 'openssl ca': temper must judge signatures under
# certificates by them as openssl does.
# Usage: .deps/interop/bin/python Tests/Interop/timestamps.py TEMPER; needs openssl and no network. Exit
# code 0 when all verdicts are the expected ones.
import base64
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose

from authorities import Authority, ago, base64_of, common_name, now, stamp, usage

TEMPER = sys.argv[1]
PEM = serialization.Encoding.PEM
failures = []
count = 0


def run(*arguments, cwd=None):
    result = subprocess.run([str(each) for each in arguments], capture_output=True, text=True,
                            cwd=cwd)
    return result.returncode, " ".join((result.stdout + result.stderr).split())


def expect(what, expected, answer, words=""):
    global count
    count += 1
    code, output = answer
    if code != expected or words not in output:
        failures.append(f"{what}: exit code {code}: {output}")


def write(folder, name, *certificates):
    file = folder / name
    file.write_bytes(b"".join(each.public_bytes(PEM) for each in certificates))
    return file


class Stamps:
    """A timestamp authority, as it should be unless it is said otherwise."""

    def __init__(self, name="tsa-root", key=None, with_intermediate=False):
        self.root = Authority(name)
        self.issuer = Authority("tsa-intermediate", self.root) if with_intermediate else self.root
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.certificate = self.issuer.issue(
            common_name("tsa"), self.key,
            [usage(digital_signature=True), (x509.ExtendedKeyUsage([Purpose.TIME_STAMPING]), True)],
            ago(days=60), ago(days=-60))

    def stamp(self, folder, message, **options):
        return stamp(folder, message, self.certificate, self.key, **options)


class Scene:
    """A signed model whose certificate is made last, so that it can expire at once."""

    def __init__(self, folder):
        self.folder, self.model = folder, folder / "model"
        self.model.mkdir()
        (self.model / "model.safetensors").write_bytes(os.urandom(1000))
        run(TEMPER, "keygen", "--out", folder / "k.pem")
        run(TEMPER, "sign", self.model, "--key", folder / "k.pem", "--out", folder / "key.sig")
        self.envelope = json.loads((folder / "key.sig").read_text())["dsseEnvelope"]
        self.signature = base64.b64decode(self.envelope["signatures"][0]["sig"])
        self.key = serialization.load_pem_private_key((folder / "k.pem").read_bytes(), None)
        self.root = Authority("root")
        self.intermediate = Authority("intermediate", self.root)
        self.root_file = write(folder, "root.pem", self.root.certificate)
        self.certify(ago(hours=-1))

    def certify(self, end):
        self.leaf = self.intermediate.issue(
            common_name("signer"), self.key,
            [usage(digital_signature=True), (x509.ExtendedKeyUsage([Purpose.CODE_SIGNING]), False)],
            ago(hours=1), end)

    def verify(self, stamps=(), roots=(), lists=()):
        """What temper says of the signature."""
        material = {"tlogEntries": [], "x509CertificateChain": {"certificates": [
            {"rawBytes": base64_of(each.public_bytes(serialization.Encoding.DER))}
            for each in (self.leaf, self.intermediate.certificate)]}}
        if stamps:
            material["timestampVerificationData"] = {"rfc3161Timestamps": [
                {"signedTimestamp": base64_of(each)} for each in stamps]}
        place = self.folder / "certificate.sig"
        place.write_text(json.dumps({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": material, "dsseEnvelope": self.envelope}))
        options = [part for option, files in (("--timestamp-root", roots), ("--crl", lists))
                   for file in files for part in (option, file)]
        return run(TEMPER, "verify", self.model, "--signature", place, "--root", self.root_file,
                   *options)

    def openssl_accepts(self, response, root):
        (self.folder / "message").write_bytes(self.signature)
        (self.folder / "response").write_bytes(response)
        code, _ = run("openssl", "ts", "-verify", "-data", self.folder / "message", "-in",
                      self.folder / "response", "-CAfile", root)
        return code == 0


def check_timestamps(scene):
    folder, signature = scene.folder, scene.signature
    stamps = Stamps()
    root = write(folder, "tsa.pem", stamps.root.certificate)
    good = stamps.stamp(folder, signature)
    kinds = {f"a digest of {digest}": (stamps, stamps.stamp(folder, signature, digest=digest))
             for digest in ("sha256", "sha384", "sha512")}
    for name, other in (
            ("a key of RSA", Stamps(key=rsa.generate_private_key(65537, 2048))),
            ("a key on P-384", Stamps(key=ec.generate_private_key(ec.SECP384R1()))),
            ("an intermediate", Stamps(with_intermediate=True))):
        chain = [other.issuer.certificate] if other.issuer is not other.root else []
        kinds[name] = (other, other.stamp(folder, signature, chain=chain))
    wrong = {
        "a timestamp of another message": stamps.stamp(folder, signature + b"x"),
        "another authority of the same name": Stamps().stamp(folder, signature),
        "an intermediate that is not sent along": kinds["an intermediate"][0].stamp(
            folder, signature),
    }
    scene.certify(now())
    time.sleep(1.5)
    expired = "expired at"
    expect("no timestamp", 1, scene.verify(), expired)
    expect("a timestamp that nobody trusts", 1, scene.verify([good]), expired)
    for name, (authority, response) in kinds.items():
        file = write(folder, "kind.pem", authority.root.certificate)
        expect(name, 0, scene.verify([response], [file]))
        expect(f"{name}: openssl", 0, (int(not scene.openssl_accepts(response, file)), ""))
    for name, response in wrong.items():
        expect(name, 1, scene.verify([response], [root]), expired)
        expect(f"{name}: openssl", 0, (int(scene.openssl_accepts(response, root)), ""))
        expect(f"{name}, beside a good one", 0, scene.verify([response, good], [root]))
    late = stamps.stamp(folder, signature)
    expect("stamped after the certificate expired", 1, scene.verify([late], [root]), expired)
    expect("stamped again after it expired", 0, scene.verify([late, good], [root]))
    bare = stamps.stamp(folder, signature, sends_certificate=False)
    expect("no certificate of the signer, late", 1, scene.verify([bare], [root]), expired)
    chance = random.Random(1)
    for _ in range(40):
        altered = bytearray(good)
        altered[place := chance.randrange(len(altered))] ^= 1 << chance.randrange(8)
        is_good = scene.verify([bytes(altered)], [root])[0] == 0
        expect(f"temper takes a timestamp altered at byte {place}, which openssl refuses", 0,
               (int(is_good and not scene.openssl_accepts(bytes(altered), root)), ""))


class Lists:
    """The revocation lists of an authority, by 'openssl ca'."""

    def __init__(self, folder, authority):
        self.folder = folder
        folder.mkdir()
        (folder / "index.txt").write_text("")
        (folder / "crlnumber").write_text("01\n")
        write(folder, "ca.pem", authority.certificate)
        (folder / "key.pem").write_bytes(authority.key.private_bytes(
            PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        (folder / "ca.cnf").write_text(
            "[ca]\ndefault_ca = own\n[own]\ndatabase = index.txt\ncertificate = ca.pem\n"
            "private_key = key.pem\ndefault_md = sha256\ncrlnumber = crlnumber\n"
            "unique_subject = no\ncrl_extensions = x\n[x]\nauthorityKeyIdentifier = keyid\n")

    def make(self, *revoked, reason="keyCompromise", form=PEM, days=("-crldays", "30")):
        for index, certificate in enumerate(revoked):
            write(self.folder, "revoked.pem", certificate)
            self.command("-revoke", "revoked.pem", "-crl_reason", reason)
        self.command("-gencrl", *days, "-out", "list.pem")
        if form is PEM:
            return self.folder / "list.pem"
        run("openssl", "crl", "-in", "list.pem", "-outform", "DER", "-out", "list.der",
            cwd=self.folder)
        return self.folder / "list.der"

    def command(self, *arguments):
        code, output = run("openssl", "ca", "-config", "ca.cnf", *arguments, cwd=self.folder)
        if code != 0:
            sys.exit(f"timestamps: openssl ca: {output}")


def check_lists(scene):
    scene.certify(ago(hours=-1))
    folder = scene.folder
    chain = write(folder, "between.pem", scene.intermediate.certificate)

    def judge(name, words, *lists, peer=None):
        """Both tools' verdicts; `peer` is openssl's, where it differs."""
        expect(name, int(words is not None), scene.verify(lists=lists), words or "")
        leaf = write(folder, "leaf.pem", scene.leaf)
        flags = [part for file in lists for part in ("-CRLfile", file)]
        code, output = run("openssl", "verify", "-CAfile", scene.root_file, "-untrusted", chain,
                           "-crl_check", *flags, leaf)
        is_good = words is None if peer is None else peer
        expect(f"{name}: openssl", 0, (int((code == 0) != is_good), output))

    lists = Lists(folder / "of-intermediate", scene.intermediate)
    judge("nobody is revoked", None, lists.make())
    stranger = scene.intermediate.issue(
        common_name("stranger"), ec.generate_private_key(ec.SECP256R1()), [], ago(hours=1),
        ago(hours=-1))
    judge("somebody else is revoked", None, lists.make(stranger))
    judge("a list in DER", None, lists.make(form=serialization.Encoding.DER))
    other = Lists(folder / "of-other", Authority("other"))
    # openssl is asked to find a list of the issuer.
    judge("a list of another authority", None, other.make(), peer=False)
    judge("lists of both", None, other.make(), lists.make())
    namesake = Lists(folder / "of-namesake", Authority("intermediate"))
    judge("a list by another key", "is not signed by", namesake.make())
    past = ("-crl_lastupdate", "20260101000000Z", "-crl_nextupdate", "20260201000000Z")
    judge("a list that is out of date", "is out of date", lists.make(days=past))
    above = Lists(folder / "of-root", scene.root)
    judge("the intermediate is revoked", "was revoked by",
          above.make(scene.intermediate.certificate), lists.make(), peer=True)  # the leaf alone
    stamps = Stamps()
    response = stamps.stamp(folder, scene.signature)
    root = write(folder, "tsa.pem", stamps.root.certificate)
    for reason in ("superseded", "keyCompromise"):
        scene.certify(ago(hours=-1))
        judge(f"revoked: {reason}", "was revoked by", lists.make(scene.leaf, reason=reason))
        expect("revoked after it was stamped", 1,
               scene.verify([response], [root], [lists.make()]), "was revoked by")
    judge("revoked, by a list that is out of date", "was revoked by", lists.make(days=past))
    held = Lists(folder / "of-stamps", stamps.root)
    scene.certify(now())
    time.sleep(1.5)
    listed = held.make(stamps.certificate)
    expect("the timestamp authority is revoked", 1,
           scene.verify([response], [root], [listed]), "expired at")


with tempfile.TemporaryDirectory() as name:
    scene = Scene(pathlib.Path(name))
    check_timestamps(scene)
    check_lists(scene)

for failure in failures:
    print(failure, file=sys.stderr)
print(f"timestamps: {count} verdicts of temper and openssl, {len(failures)} are wrong")
sys.exit(1 if failures else 0)
