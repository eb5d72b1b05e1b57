# SPDX-License-Identifier: Apache-2.0
# The example of Documentation/RecordSchema.md as the record of a model that a script made.
import hashlib
import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]


def root_of(model):
    """The root of a directory without subdirectories, as the specification has it."""
    files = sorted(file for file in model.iterdir()
                   if file.name not in ("model.sig", "attestations.jsonl"))
    digests = b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)
    return hashlib.sha256(digests).hexdigest()


def record_of(model, place, adversaries=None):
    """Writes the documented example as the record of a model, with all adversaries or the named."""
    page = (ROOT / "Documentation/RecordSchema.md").read_text()
    record = json.loads(re.search(r"```json\n(.*?)```", page, re.S).group(1))
    record["model"]["digest"] = root_of(model)
    # The page's suite is invented; a certificate takes its thresholds from one that ships.
    suites = (ROOT / "Sources/Suites/KnownSuite.swift").read_text()
    name = record["suite"]["name"]
    version, digest = re.search(
        rf'name: "{name}",\s*version: "([^"]+)",\s*digest: "(\w+)"', suites).groups()
    record["suite"] |= {"version": version, "digest": digest}
    if adversaries is not None:
        record["adversaries"] = [each for each in record["adversaries"]
                                 if each["name"] in adversaries]
        for part in ("cells", "undefendedCells", "outcomes"):
            if part in record:
                record[part] = [each for each in record[part] if each["adversary"] in adversaries]
    place.write_text(json.dumps(record))
    return record
