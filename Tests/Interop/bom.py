# SPDX-License-Identifier: Apache-2.0
# Validates what 'temper bom' writes against the schema of CycloneDX 1.6 with CycloneDX's own package,
# and checks the digests and the signed statements in it with other libraries.
# Usage: .deps/interop/bin/python Tests/Interop/bom.py TEMPER. Exit code 0 when all is well.
import base64
import hashlib
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from documented import record_of, root_of

TEMPER = sys.argv[1]
VALIDATOR = JsonStrictValidator(SchemaVersion.V1_6)
NAMES = ["na\u00efve.txt", "two words.txt", "quote\"back\\slash", "line\nfeed", "\U0001f642", ".hidden"]
count = 0


def run(*arguments, code=0):
    result = subprocess.run([TEMPER, *map(str, arguments)], capture_output=True, text=True)
    expect(f"exit code {result.returncode} of {arguments}: {result.stderr}",
           result.returncode == code)
    return result.stdout


def expect(what, is_good):
    if not is_good:
        sys.exit(f"bom: {what}")


def references(value, key):
    """All values of a key, at any depth."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == key:
                yield inner
            yield from references(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner, key)


def bill_of(*arguments):
    global count
    text = run("bom", *arguments)
    problem = VALIDATOR.validate_str(text)
    expect(f"{arguments} is not valid: {problem}", problem is None)
    count += 1
    bill = json.loads(text)
    own = list(references(bill, "bom-ref"))
    expect("a bom-ref stands twice", len(own) == len(set(own)))
    declared = bill.get("declarations", {})
    used = [name for key in ("assessor", "target") for name in references(declared, key)]
    for key in ("claims", "counterClaims", "evidence"):
        for value in references([*declared.get("claims", []), *declared.get("attestations", [])],
                                key):
            used += value
    expect("a reference leads nowhere", set(used) <= set(own))
    return bill


def properties(component):
    return {entry["name"]: entry["value"] for entry in component["properties"]}


def check_files(component, model):
    listed = {part["name"]: part["hashes"] for part in component["components"]}
    for name, found in listed.items():
        digest = hashlib.sha256((model / name).read_bytes()).hexdigest()
        expect(f"{name} has another digest", found == [{"alg": "SHA-256", "content": digest}])
    there = {file.name for file in model.iterdir()} - {"model.sig", "attestations.jsonl"}
    expect("other files are listed", set(listed) == there)
    expect("another root", properties(component)["temper:root:sha256"] == root_of(model))


def write_model(model, weights):
    model.mkdir()
    header = json.dumps(
        {"a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}).encode()
    (model / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + weights)
    (model / "config.json").write_text(json.dumps({"model_type": "llama"}))
    for name in NAMES:
        (model / name).write_text(name)


def check_audit(bill, public_key):
    evidence = bill["declarations"]["evidence"][0]
    attachment = evidence["data"][0]["contents"]["attachment"]
    envelope = json.loads(base64.b64decode(attachment["content"], validate=True))
    payload = base64.b64decode(envelope["payload"], validate=True)
    kind = envelope["payloadType"].encode()
    message = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    public_key.verify(
        base64.b64decode(envelope["signatures"][0]["sig"], validate=True), message,
        ec.ECDSA(hashes.SHA256()))
    expect("the payload's digest is not named",
           hashlib.sha256(payload).hexdigest() in evidence["description"])
    predicates = {claim["bom-ref"]: claim["predicate"]
                  for claim in bill["declarations"]["claims"]}
    found = bill["declarations"]["attestations"][0]["map"][0]
    against = [predicates[name] for name in found["counterClaims"]]
    expect("lora is no counter-claim", any(text.startswith("under lora: ") for text in against))
    expect("a self-attested audit is a third party's",
           [each["thirdParty"] for each in bill["declarations"]["assessors"]] == [False])


with tempfile.TemporaryDirectory() as name:
    directory = pathlib.Path(name)
    model, original = directory / "model", directory / "original"
    write_model(original, bytes(24))
    write_model(model, bytes(23) + b"\1")
    (model / "temper-hardening.json").write_text(json.dumps({
        "defense": "refusal-training", "parameters": {"seed": 1, "training": {"steps": 60}},
        "cost": {"examples": 1, "steps": 60, "tokens": 2, "floatingPointOperations": 1.5e15,
                 "deviceSeconds": 0, "dollars": 0.1}}))

    plain = bill_of(model)
    component = plain["metadata"]["component"]
    check_files(component, model)
    expect("another architecture",
           component["modelCard"]["modelParameters"] == {"modelArchitecture": "llama"})
    facts = properties(component)
    expect("another number of parameters", facts["temper:parameterCount"] == "6")
    expect("another defense", facts["temper:hardening:defense"] == "refusal-training")
    expect("the parameters of the defense are not there",
           json.loads(facts["temper:hardening:parameters"])
           == {"seed": 1, "training": {"steps": 60}})
    expect("a signer without a key", "temper:signer" not in facts and "declarations" not in plain)

    ancestor = bill_of(model, "--original", original)["metadata"]["component"]["pedigree"][
        "ancestors"][0]
    check_files(ancestor, original)

    # A safetensors file stands for the directory around it.
    check_files(bill_of(model / "model.safetensors")["metadata"]["component"], model)

    # The example's other adversaries were not measured, and such an audit does not count.
    record_of(model, directory / "record.json", adversaries=["lora"])
    run("keygen", "--out", directory / "k.pem")
    run("certify", model, "--record", directory / "record.json", "--key", directory / "k.pem")
    public_key = serialization.load_pem_public_key((directory / "k.pub.pem").read_bytes())
    trusting = (model, "--key", directory / "k.pub.pem")
    audited = bill_of(*trusting, "--record", directory / "record.json")
    component = audited["metadata"]["component"]
    check_files(component, model)
    expect("no signer", "temper:signer" in properties(component))
    expect("the original is not attested",
           properties(component["pedigree"]["ancestors"][0])
           == {"temper:root:sha256": "ab" * 32, "temper:format": "safetensors",
               "temper:architecture": "llama", "temper:parameterCount": "1000",
               "temper:source": "attested-record"})
    check_audit(audited, public_key)
    unsigned = bill_of(model, "--record", directory / "record.json")["metadata"]["component"]
    expect("an unsigned record passes for a signed one",
           properties(unsigned["pedigree"]["ancestors"][0])["temper:source"] == "unsigned-record")

    (directory / "policy.yaml").write_text(
        "version: 1\nname: p\nsigners: [{name: lab, key: k.pub.pem}]\n"
        "auditors: [{name: lab, key: k.pub.pem}]\n")
    check_audit(bill_of(model, "--policy", directory / "policy.yaml"), public_key)

    (model / "config.json").write_text("{}")
    expect("an altered model has a bill", run("bom", *trusting, code=1) == "")
    print(f"{count} bills of materials are valid CycloneDX 1.6")
