# SPDX-License-Identifier: Apache-2.0
# Signs with one tool and verifies with the other, in both directions: temper and model_signing.
# Usage: .deps/interop/bin/python Tests/Interop/interop.py TEMPER; needs openssl. Makes its keys and
# certificates in a temporary directory. Exit code 0 when all agree, 1 when not.
import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from authorities import Authority, ago, common_name, usage

TEMPER = sys.argv[1]
CURVES = {"p256": "prime256v1", "p384": "secp384r1", "p521": "secp521r1"}
PASSWORD = "pässword with spaces"
NAMES = [
    "config.json", "model.safetensors", "a/b/c/deep.bin", "a.txt", "a-b.txt", ".hidden",
    "tokenizer/.gitignore", "tokenizer/empty.bin", "na\u00efve.txt", "nai\u0308ve.txt",
    "two words.txt", "-dash", "quote\"back\\slash", "line\nfeed", "tab\there", "\U0001f642.txt",
    "\uff21.txt", "model.sig.txt", "%41.txt", "~", "x/.git/config", "del\x7f",
]
IGNORED = [
    ".git/HEAD", ".github/workflows/ci.yml", ".gitattributes", ".gitignore",
    ".cache/huggingface/download/config.json.metadata",
]
failures = []
checks = 0


def run(*arguments):
    result = subprocess.run([str(a) for a in arguments], capture_output=True, text=True)
    return result.returncode, (result.stdout + result.stderr).strip()


def expect(what, is_good, *arguments, code=None):
    """Runs a program that must succeed, or fail with the answer "no" (or with another code)."""
    global checks
    checks += 1
    expected = 0 if is_good else code or 1
    code, output = run(*arguments)
    if code != expected:
        failures.append(f"{what}: exit code {code}: {output}")


def model_signing(*arguments):
    return (sys.executable, "-m", "model_signing", *arguments)


def write_model(directory):
    for index, name in enumerate(NAMES + IGNORED):
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"" if name.endswith("empty.bin") else os.urandom(1000 * index + 1))
    (directory / "empty").mkdir()


class Way:
    """How to sign and verify with each tool."""

    def __init__(self, name, temper_sign, temper_verify, peer_sign, peer_verify):
        self.name = name
        self.temper_sign, self.temper_verify = temper_sign, temper_verify
        self.peer_sign, self.peer_verify = peer_sign, peer_verify

    def check(self, model, signature, changed):
        """Both directions, with the model whole and with one bit of `changed` flipped."""
        verifiers = {
            "temper": (TEMPER, "verify", model, "--signature", signature, *self.temper_verify),
            "model_signing": model_signing(
                "verify", self.peer_verify[0], "--signature", signature, *self.peer_verify[1:],
                model),
        }
        signers = {"temper": (TEMPER, "sign", model, "--out", signature, *self.temper_sign)}
        turns = [("temper", "model_signing"), ("temper", "temper")]
        if self.peer_sign:
            signers["model_signing"] = model_signing(
                "sign", self.peer_sign[0], "--signature", signature, *self.peer_sign[1:], model)
            turns.append(("model_signing", "temper"))
        for signer, verifier in turns:
            signature.unlink(missing_ok=True)
            what = f"{self.name}, {model.name}, {signature.name}"
            expect(f"{what}: {signer} signs", True, *signers[signer])
            expect(f"{what}: {verifier} verifies {signer}", True, *verifiers[verifier])
            content = changed.read_bytes()
            changed.write_bytes(bytes([content[0] ^ 1]) + content[1:])
            expect(f"{what}: {verifier} refuses {signer} after a flip", False, *verifiers[verifier])
            changed.write_bytes(content)


def key_ways(directory):
    for curve, name in CURVES.items():
        own = directory / f"{curve}.pem"
        expect(f"keygen {curve}", True, TEMPER, "keygen", "--curve", curve, "--out", own)
        theirs = directory / f"{curve}-openssl.pem"
        run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{name}",
            "-out", theirs)
        run("openssl", "pkey", "-in", theirs, "-pubout", "-out",
            directory / f"{curve}-openssl.pub.pem")
        for key in [own, theirs]:
            public = key.with_name(key.stem + ".pub.pem")
            yield Way(key.stem, ("--key", key), ("--key", public),
                      ("key", "--private_key", key), ("key", "--public_key", public))
    words = directory / "password"
    words.write_text(PASSWORD + "\n")
    key = directory / "encrypted.pem"
    expect("keygen encrypted", True, TEMPER, "keygen", "--out", key, "--password-file", words)
    public = directory / "encrypted.pub.pem"
    # 1.1.1 cannot sign with an encrypted key: its command hands the password on as text, where
    # the library that it uses wants bytes.
    yield Way("encrypted key", ("--key", key, "--password-file", words), ("--key", public),
              None, ("key", "--public_key", public))


def certificate_way(directory, with_intermediate):
    def write(name, *certificates):
        file = directory / name
        file.write_bytes(b"".join(
            c.public_bytes(serialization.Encoding.PEM) for c in certificates))
        return file

    prefix = "long" if with_intermediate else "short"
    root = Authority("root", curve=ec.SECP384R1())
    issuer = Authority("intermediate", root) if with_intermediate else root
    between = [issuer.certificate] if with_intermediate else []
    key = directory / f"{prefix}.pem"
    expect("keygen", True, TEMPER, "keygen", "--out", key)
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    leaf = issuer.issue(
        common_name("signer"), private,
        [usage(digital_signature=True),
         (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False)],
        ago(hours=1), ago(days=-1))
    chain = write(f"{prefix}-chain.pem", leaf, *between)
    roots = write(f"{prefix}-root.pem", root.certificate)
    leaf_file = write(f"{prefix}-leaf.pem", leaf)
    above = write(f"{prefix}-above.pem", *(between or [root.certificate]))
    return Way(
        f"certificate, {len(between)} between", ("--key", key, "--certificate", chain),
        ("--root", roots),
        ("certificate", "--private_key", key, "--signing_certificate", leaf_file,
         "--certificate_chain", above), ("certificate", "--certificate_chain", roots))


def unusual_bundles(model, way, sign):
    """Paths that are left out, files without a signature, and the key itself as a hint."""
    signature = model / "model.sig"
    theirs = model_signing("verify", way.peer_verify[0], "--signature", signature,
                           *way.peer_verify[1:])
    ours = (TEMPER, "verify", model, *way.temper_verify)
    expect("temper signs without a path", True, *sign, "--ignore-paths", "a")
    expect("model_signing verifies without it", True, *theirs, model)
    expect("temper verifies without it", True, *ours)
    expect("temper signs", True, *sign)
    added = model / "added.bin"
    added.write_bytes(b"added")
    expect("model_signing refuses an added file", False, *theirs, model)
    expect("temper refuses an added file", False, *ours)
    expect("model_signing ignores it", True, *theirs, "--ignore_unsigned_files", model)
    expect("temper ignores it", True, *ours, "--ignore-unsigned-files")
    added.unlink()
    bundle = json.loads(signature.read_text())
    public = pathlib.Path(way.temper_verify[1]).read_bytes()
    bundle["verificationMaterial"]["publicKey"] = {
        "rawBytes": base64.b64encode(public).decode(), "keyDetails": "PKIX_ECDSA_P256_SHA_256"}
    signature.write_text(json.dumps(bundle))
    expect("model_signing verifies an older bundle", True, *theirs, model)
    expect("temper verifies an older bundle", True, *ours)
    signature.unlink()


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    model = folder / "model"
    write_model(model)
    ways = [*key_ways(folder), certificate_way(folder, False), certificate_way(folder, True)]
    for way in ways:
        way.check(model, model / "model.sig", model / "na\u00efve.txt")
    # Attestations are written beside the signature after it was made.
    sign = (TEMPER, "sign", model, *ways[0].temper_sign)
    expect("sign over another key's signature", False, *sign, code=2)
    expect("sign, to be attested", True, *sign, "--replace")
    (model / "attestations.jsonl").write_text("{}\n")
    expect("model_signing verifies beside attestations", True, *model_signing(
        "verify", ways[0].peer_verify[0], "--signature", model / "model.sig",
        *ways[0].peer_verify[1:], model))
    expect("temper verifies beside attestations", True, TEMPER, "verify", model,
           *ways[0].temper_verify)
    (model / "attestations.jsonl").unlink()
    unusual_bundles(model, ways[0], sign)
    single = model / "model.safetensors"
    for way in ways[:1] + ways[-1:]:
        way.check(model, folder / "outside.sig", model / "line\nfeed")
        way.check(single, folder / "single.sig", single)

for failure in failures:
    print(failure, file=sys.stderr)
print(f"interop: {checks - len(failures)} of {checks} checks with model_signing 1.1.1 agree")
sys.exit(1 if failures else 0)
