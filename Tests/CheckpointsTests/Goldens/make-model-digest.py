# SPDX-License-Identifier: Apache-2.0
# Makes the digest golden: the files that PyPI's model-signing 1.1.1 (with pyOpenSSL) lists for a
# model, with their digests; then the root in the order of the v1.0 text, which sorts whole paths.
# Usage: python make-model-digest.py, in this directory.
import hashlib
import json
import pathlib
import tempfile

from model_signing import hashing

FILES = {
    ".git/HEAD": "ref: refs/heads/main\n",
    ".gitattributes": "* text\n",
    ".github/workflows/ci.yml": "on: push\n",
    ".gitignore": "*.bin\n",
    ".hidden": "hidden\n",
    "config.json": '{"model_type": "toy"}\n',
    "model.safetensors": "weights " * 200_000,
    "tokenizer-extra.txt": "a hyphen sorts before a slash\n",
    "tokenizer.txt": "a point sorts before a slash\n",
    "tokenizer/.gitignore": "ignored at the top level only\n",
    "tokenizer/empty.bin": "",
    "tokenizer/nai\u0308ve.txt": "decomposed\n",
    "tokenizer/na\u00efve.txt": "composed\n",
    "\U0001f642.txt": "after U+FFxx by code point, before it by UTF-16\n",
    "\uff21.txt": "a fullwidth letter\n",
}

with tempfile.TemporaryDirectory() as folder:
    root = pathlib.Path(folder)
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    resources = [(r.identifier, r.digest.digest_value)
                 for r in hashing.Config().hash(root).resource_descriptors()]
    single = hashing.Config().hash(root / "model.safetensors")
    single = [(r.identifier, r.digest.digest_value) for r in single.resource_descriptors()]

resources.sort(key=lambda pair: pair[0])  # Python compares text by code point.


def answer(pairs):
    return {
        "resources": [{"name": name, "sha256": digest.hex()} for name, digest in pairs],
        "root": hashlib.sha256(b"".join(digest for _, digest in pairs)).hexdigest(),
    }


files = [{"name": name, "text": text[:8], "repeated": 200_000}
         if name == "model.safetensors" else {"name": name, "text": text, "repeated": 1}
         for name, text in FILES.items()]
golden = {"files": files, "directory": answer(resources), "single": answer(single)}
pathlib.Path("model-digest.json").write_text(json.dumps(golden, indent=1) + "\n")
