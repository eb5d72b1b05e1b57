# SPDX-License-Identifier: Apache-2.0
# Reads what 'temper certify' writes with in-toto's own Python package, and checks its signatures with
# another library. The record is the example of Documentation/RecordSchema.md, made to speak of a
# directory of two files.
# Usage: .deps/interop/bin/python Tests/Interop/attestations.py TEMPER. Exit code 0 when all is well.
import base64
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from google.protobuf import json_format
from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
from in_toto_attestation.v1 import resource_descriptor_pb2, statement_pb2
from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
from in_toto_attestation.v1.statement import Statement

from documented import record_of

TEMPER = sys.argv[1]
PAYLOAD_TYPE = "application/vnd.in-toto+json"


def run(*arguments):
    return subprocess.run(
        [TEMPER, *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def expect(what, is_good):
    if not is_good:
        sys.exit(f"attestations: {what}")


with tempfile.TemporaryDirectory() as name:
    directory = pathlib.Path(name)
    model = directory / "model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    (model / "model.safetensors").write_text("no tensors")
    record = record_of(model, directory / "record.json")
    run("keygen", "--out", directory / "k.pem", "--curve", "p384")
    run("certify", model, "--record", directory / "record.json", "--key", directory / "k.pem")
    key = serialization.load_pem_public_key((directory / "k.pub.pem").read_bytes())
    lines = (model / "attestations.jsonl").read_text().splitlines()
    expect("there are not two lines", len(lines) == 2)

    def read(line):
        """The payload and the statement of a line whose signatures verify."""
        envelope = json.loads(line)
        expect("not a DSSE envelope", set(envelope) == {"payload", "payloadType", "signatures"})
        expect("another payload type", envelope["payloadType"] == PAYLOAD_TYPE)
        payload = base64.b64decode(envelope["payload"], validate=True)
        message = b"DSSEv1 %d %s %d %s" % (
            len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
        for signature in envelope["signatures"]:
            key.verify(
                base64.b64decode(signature["sig"], validate=True), message,
                ec.ECDSA(hashes.SHA384()))
        statement = json_format.Parse(payload, statement_pb2.Statement())
        Statement.copy_from_pb(statement).validate()
        expect(
            "the subject is not the model",
            [dict(subject.digest) for subject in statement.subject]
            == [{"sha256": record["model"]["digest"]}])
        return payload, statement

    predicates = {}
    for line in lines:
        _, statement = read(line)
        predicates[statement.predicate_type] = json_format.MessageToDict(statement.predicate)

    # in-toto's own schema refuses a field that it does not know.
    result = json_format.ParseDict(
        predicates["https://in-toto.io/attestation/test-result/v0.1"],
        test_result_pb2.TestResult())
    expect("the result is not FAILED", result.result == "FAILED")
    expect("lora did not fail", list(result.failed_tests) == ["lora"])
    expect("there is no configuration", len(result.configuration) >= 3)
    for descriptor in result.configuration:
        ResourceDescriptor.copy_from_pb(descriptor).validate()

    audit = predicates["temper:tamper-resistance/v1"]
    for resource in audit["evidence"]:
        json_format.ParseDict(resource, resource_descriptor_pb2.ResourceDescriptor())
    payload = base64.b64decode(
        json.loads((model / "model.sig").read_text())["dsseEnvelope"]["payload"])
    expect(
        "the signed list of files is not bound",
        audit["modelSignature"]["sha256"] == hashlib.sha256(payload).hexdigest())
    expect(
        "the record is not bound",
        audit["evidence"][0]["digest"]["sha256"]
        == hashlib.sha256((directory / "record.json").read_bytes()).hexdigest())
    battery = [
        {key: adversary[key] for key in ("name", "attack", "parameters")}
        for adversary in record["adversaries"]]
    canonical = json.dumps(battery, sort_keys=True, separators=(",", ":")).encode()
    expect(
        "the battery has another digest",
        audit["battery"]["digest"]["sha256"] == hashlib.sha256(canonical).hexdigest())

    run("withdraw", model, "--key", directory / "k.pem", "--reason", "a bug")
    added = (model / "attestations.jsonl").read_text().splitlines()
    expect("the attestations were changed", added[:2] == lines and len(added) == 3)
    _, statement = read(added[2])
    expect("no withdrawal", statement.predicate_type == "temper:withdrawal/v1")
    withdrawal = json_format.MessageToDict(statement.predicate)
    expect("another reason", withdrawal["reason"] == "a bug")
    expect(
        "the payloads are not named",
        withdrawal["attestations"]
        == [{"sha256": hashlib.sha256(read(line)[0]).hexdigest()} for line in lines])
    print(f"{len(added)} attestations read by in-toto-attestation, signatures by cryptography")
