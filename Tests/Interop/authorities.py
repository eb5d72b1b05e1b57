# SPDX-License-Identifier: Apache-2.0
# Certificate authorities, made in memory, and a timestamp authority, which is openssl.
import base64
import datetime
import subprocess

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def now():
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def ago(**amount):
    return now() - datetime.timedelta(**amount)


def base64_of(data):
    return base64.b64encode(data).decode()


def certificate(names, key, issuer_name, issuer_key, extensions, start, end):
    """A certificate; `extensions` are pairs of an extension and whether it is critical."""
    builder = (x509.CertificateBuilder().subject_name(names).issuer_name(issuer_name)
               .public_key(key.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(start).not_valid_after(end))
    identifiers = [
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False)]
    for extension, is_critical in [*identifiers, *extensions]:
        builder = builder.add_extension(extension, critical=is_critical)
    hash_ = hashes.SHA384() if issuer_key.key_size == 384 else hashes.SHA256()
    return builder, builder.sign(issuer_key, hash_)


def usage(**bits):
    names = ("digital_signature content_commitment key_encipherment data_encipherment key_agreement "
             "key_cert_sign crl_sign encipher_only decipher_only").split()
    return x509.KeyUsage(**{name: bits.get(name, False) for name in names}), True


def common_name(name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


class Authority:
    """A certificate authority, below another one or self-signed."""

    def __init__(self, name, above=None, purposes=(), curve=ec.SECP256R1()):
        self.key, self.name = ec.generate_private_key(curve), common_name(name)
        extensions = [(x509.BasicConstraints(True, None), True),
                      usage(key_cert_sign=True, crl_sign=True)]
        if purposes:
            extensions.append((x509.ExtendedKeyUsage(purposes), False))
        issuer = above or self
        _, self.certificate = certificate(
            self.name, self.key, issuer.name, issuer.key, extensions, ago(days=90),
            ago(days=-90))

    @property
    def der(self):
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def issue(self, name, key, extensions, start, end):
        return certificate(name, key, self.name, self.key, extensions, start, end)[1]


def stamp(folder, message, signer, key, digest="sha256", chain=(), sends_certificate=True):
    """A timestamp of now over a message, by 'openssl ts' with a certificate and its key."""
    place = folder / "stamp"
    place.mkdir(exist_ok=True)
    (place / "message").write_bytes(message)
    (place / "signer.pem").write_bytes(signer.public_bytes(serialization.Encoding.PEM))
    (place / "chain.pem").write_bytes(b"".join(
        each.public_bytes(serialization.Encoding.PEM) for each in chain))
    (place / "key.pem").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
    (place / "serial").write_text("01\n")
    (place / "ts.cnf").write_text(
        "[tsa]\nserial = serial\nsigner_cert = signer.pem\nsigner_key = key.pem\n"
        "default_policy = 1.2.3.4\ndigests = sha256, sha384, sha512\nsigner_digest = sha256\n"
        "ess_cert_id_alg = sha256\n")
    query = ["-query", "-data", "message", f"-{digest}", "-out", "request"]
    reply = ["-reply", "-config", "ts.cnf", "-section", "tsa", "-queryfile", "request", "-out",
             "response"]
    for command in (query + ["-cert"] * sends_certificate,
                    reply + ["-chain", "chain.pem"] * bool(chain)):
        subprocess.run(["openssl", "ts", *command], cwd=place, check=True, capture_output=True)
    return (place / "response").read_bytes()
