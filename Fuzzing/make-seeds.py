#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes small valid inputs for each fuzz target, from the tests' goldens and by hand.

usage: make-seeds.py OUT    (one folder for each target appears under OUT)
"""
import base64
import json
import pathlib
import struct
import sys
import tarfile
import textwrap

TESTS = pathlib.Path(__file__).resolve().parent.parent / "Tests"


def safetensors(header, data=0):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(data)


def checkpoint_seeds():
    goldens = TESTS / "CheckpointsTests/Goldens"
    for name in ["types.safetensors", "small-floats.safetensors"]:
        yield "safetensors", (goldens / name).read_bytes()
    schemes = [["gptq-2", "gptq-4", "gptq-4-order"], ["awq-32"], ["bnb-8", "bnb-nf4", "bnb-fp4-nested"],
               ["fp8"], ["mxfp4"], ["ct-packed", "ct-int", "ct-float"]]
    for choice, names in enumerate(schemes):
        for name in names:
            weights = goldens / "quantised" / name / "model.safetensors"
            yield "quantised", bytes([choice]) + weights.read_bytes()
    yield "safetensors", safetensors({})
    yield "safetensors", safetensors(
        {"__metadata__": {"format": "pt"},
         "a\n": {"dtype": "F32", "shape": [2, 1], "data_offsets": [0, 8]},
         "b": {"dtype": "BF16", "shape": [], "data_offsets": [8, 10]},
         "c": {"dtype": "F8_E4M3", "shape": [0, 7], "data_offsets": [10, 10]}}, 10)
    for index in [{"metadata": {"total_size": 4}, "weight_map": {"a": "a.safetensors"}},
                  {"weight_map": {"a": "a.safetensors", "b": "b.safetensors"}},
                  {"weight_map": {"a": "../a.safetensors"}}]:
        yield "shard-index", json.dumps(index).encode()


def gguf(entries, tensors, data):
    def text(value):
        return struct.pack("<Q", len(value.encode())) + value.encode()
    out = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(entries))
    for key, kind, value in entries:
        out += text(key) + struct.pack("<I", kind) + value
    for name, shape, kind, offset in tensors:
        out += text(name) + struct.pack("<I", len(shape))
        out += b"".join(struct.pack("<Q", extent) for extent in shape)
        out += struct.pack("<IQ", kind, offset)
    return out + bytes(-len(out) % 32) + bytes(data)


def gguf_seeds():
    string = struct.pack("<Q", 2) + b"hi"
    array = struct.pack("<IQ", 8, 2) + string + string
    nested = struct.pack("<IQ", 9, 1) + struct.pack("<IQ", 4, 2) + bytes(8)
    entries = [("u8", 0, b"\1"), ("i8", 1, b"\1"), ("u16", 2, bytes(2)), ("i16", 3, bytes(2)),
               ("u32", 4, bytes(4)), ("i32", 5, bytes(4)), ("f32", 6, bytes(4)), ("b", 7, b"\1"),
               ("s", 8, string), ("strings", 9, array), ("nested", 9, nested),
               ("u64", 10, b"\xff" * 8), ("i64", 11, bytes(8)), ("f64", 12, bytes(8))]
    yield "gguf", gguf([], [], 0)
    yield "gguf", gguf(entries, [], 0)
    yield "gguf", gguf([("general.alignment", 4, struct.pack("<I", 64))],
                       [("a", [32, 2], 8, 0)], 96)
    blocks = {0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24),
              8: (32, 34), 10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176),
              14: (256, 210), 16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50),
              20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 27: (1, 8),
              29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17)}
    for kind, (elements, size) in blocks.items():
        yield "gguf", gguf([], [("t", [elements, 2], kind, 0)], size * 2)


def tokenizer_seeds():
    base = {"version": "1.0", "truncation": None, "padding": None, "normalizer": None,
            "added_tokens": [{"id": 9, "content": "<s>", "single_word": False, "lstrip": False,
                              "rstrip": True, "normalized": False, "special": True}],
            "pre_tokenizer": None, "post_processor": None, "decoder": None,
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "fuse_unk": False,
                      "continuing_subword_prefix": None, "end_of_word_suffix": None,
                      "byte_fallback": False, "ignore_merges": False,
                      "vocab": {"a": 0, "b": 1, "ab": 2, "aba": 3, "l": 4, "o": 5, "lo": 6},
                      "merges": ["a b", "ab a", ["l", "o"]]}}
    seen = []
    for file in sorted((TESTS / "TokenizationTests/Goldens").glob("small-*.json")):
        whole = json.loads(file.read_text())["tokenizer"]
        parts = {key: whole.get(key)
                 for key in ["normalizer", "pre_tokenizer", "post_processor", "decoder"]}
        if parts not in seen:
            seen.append(parts)
            yield "tokenizer", json.dumps({**base, **parts}).encode()
    config = json.dumps({"bos_token": "<s>", "eos_token": {"content": "a"},
                         "add_bos_token": True, "add_eos_token": True}).encode()
    yield "tokenizer", json.dumps(base).encode() + b"\0" + config + b"\0abalo <s> lo"
    everything = {**base, "normalizer": {"type": "Sequence", "normalizers": [
        {"type": "NFKC"}, {"type": "Lowercase"}, {"type": "Prepend", "prepend": "_"},
        {"type": "Replace", "pattern": {"Regex": " +"}, "content": "_"}]},
        "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "[a-z]+|\\s"},
                          "behavior": "MergedWithNext", "invert": False}}
    yield "tokenizer", json.dumps(everything).encode()


def sentencepiece_seeds():
    def field(number, value):
        if isinstance(value, float):
            return bytes([number << 3 | 5]) + struct.pack("<f", value)
        if isinstance(value, int):
            return bytes([(number << 3) & 0x7F | 0x80, number >> 4, value])
        return bytes([number << 3 | 2, len(value)]) + value
    special = [("<unk>", 2), ("<s>", 3), ("</s>", 3), ("<u>", 4)]
    pieces = special + [(text, 1) for text in ["\u2581", "a", "b", "\u2581a", "ab", "\u2581ab"]]
    body = b"".join(
        field(1, field(1, text.encode()) + field(2, -float(index)) + field(3, kind))
        for index, (text, kind) in enumerate(pieces))
    units = struct.pack("<IIII", 12, 1 << 10, 0, 0) + b"a\0"
    for model, settings in [(1, b""), (2, field(3, 0)), (1, field(2, units)), (3, field(4, 0))]:
        yield "sentencepiece", body + field(2, field(3, model)) + field(3, settings)


def vocabulary_seeds():
    tokens = ["a", "b", "ab", "\u0120", "<s>", "</s>", "1"]
    for model, pre in [("gpt2", "default"), ("gpt2", "llama-bpe"), ("gpt2", "qwen2"),
                       ("gpt2", "smollm"), ("gpt2", "gpt-2"), ("gpt2", "falcon"),
                       ("gpt2", "tekken"), ("gpt2", "gemma4"), ("llama", "default"),
                       ("t5", "default"), ("bert", "default")]:
        lines = [model, pre, "1111334", "4 5 0 5 1 1 1", "a b", "ab 12 <s> it's"] + tokens
        yield "vocabulary", "\n".join(lines).encode()
        lines[2] = ""
        yield "vocabulary", "\n".join(lines).encode()


def template_seeds():
    goldens = TESTS / "TokenizationTests/Goldens"
    for source in json.loads((goldens / "chat-templates.json").read_text())["templates"].values():
        yield "chat-template", source.encode()
    for case in json.loads((goldens / "expressions.json").read_text())["cases"]:
        yield "chat-template", case["source"].encode()
    yield "chat-template", b"{% for m in messages %}{{ m.content | trim }}{% endfor %}\0 Hello"


def tlv(tag, *parts):
    body = b"".join(parts)
    size = len(body)
    length = bytes([size]) if size < 128 else bytes([0x82, size >> 8, size & 255])
    return bytes([tag]) + length + body


def pem(label, der):
    text = base64.b64encode(der).decode()
    lines = [text[start:start + 64] for start in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()


def key_seeds():
    """Keys of no use to anyone: the scalar 1, and noughts under a password."""
    curve = tlv(0x30, tlv(6, bytes.fromhex("2a8648ce3d0201")),
                tlv(6, bytes.fromhex("2a8648ce3d030107")))
    key = tlv(0x30, tlv(2, b"\1"), tlv(4, bytes(31) + b"\1"))
    yield "keys", pem("PRIVATE KEY", tlv(0x30, tlv(2, b"\0"), curve, tlv(4, key)))
    derivation = tlv(0x30, tlv(6, bytes.fromhex("2a864886f70d01050c")), tlv(
        0x30, tlv(4, bytes(16)), tlv(2, b"\x08\0"),
        tlv(0x30, tlv(6, bytes.fromhex("2a864886f70d0209")), tlv(5))))
    cipher = tlv(0x30, tlv(6, bytes.fromhex("60864801650304012a")), tlv(4, bytes(16)))
    scheme = tlv(0x30, tlv(6, bytes.fromhex("2a864886f70d01050d")),
                 tlv(0x30, derivation, cipher))
    yield "keys", pem("ENCRYPTED PRIVATE KEY", tlv(0x30, scheme, tlv(4, bytes(32))))


def signature_seeds():
    yield from key_seeds()
    page = (TESTS.parent / "Documentation/Attestation.md").read_text()
    example = json.loads(page.split("```json\n")[1].split("```")[0])
    yield "statement", json.dumps(example, separators=(",", ":")).encode()
    archive = TESTS / "ProvenanceTests/Goldens/oms.tar.gz"
    with tarfile.open(archive) as members:
        for member in sorted(members.getmembers(), key=lambda member: member.name):
            path = pathlib.PurePath(member.name)
            if not member.isfile() or member.size > 6000:
                continue
            data = members.extractfile(member).read()
            if path.suffix == ".sig":
                yield "bundle", data
                yield "attestations", b"\n" + data.strip() + b"\n{}\n"
                yield "statement", base64.b64decode(json.loads(data)["dsseEnvelope"]["payload"])
            elif path.parent.name == "ca":
                yield "certificates", data
            elif path.parent.name == "keys":
                yield "keys", data


def policy_seeds():
    text = (TESTS.parent / "Examples/policy.yaml").read_bytes()
    yield "policy", text
    # Without the parties, whose keys are not there, so that the rest is read.
    kept = [line for line in text.splitlines(keepends=True) if b"key:" not in line]
    yield "policy", b"".join(kept)
    yield "policy", b"version: 1\nname: x\nsigners: [{name: y, root: z.pem, subject: 'CN=*'}]\n"
    yield "policy", b"a: &a [*a]\n"


def name_seeds():
    for text in ["CN=*,O=Acme\\, Inc.,C=US", "*,2.5.4.10=A\\2aB+CN=x", "*@acme.example",
                 "https://user@github.com:443/acme/*?x#y", "urn:acme:*", "*.acme.example", "*",
                 "alice!acme.example"]:
        yield "names", text.encode()


# A list by CN=root that revokes the serial number 4711.
REVOCATION_LIST = (
    "MIHKMHMCAQEwCgYIKoZIzj0EAwIwDzENMAsGA1UEAwwEcm9vdBcNMjYwMTAxMDAwMDAwWhcNMjgwOTI2MDAwMDAw"
    "WjAjMCECAhJnFw0yNjAxMDEwMDAwMDBaMAwwCgYDVR0VBAMKAQGgDjAMMAoGA1UdFAQDAgEBMAoGCCqGSM49BAMC"
    "A0cAMEQCIHdYd41r2540hXUcdCeE5A9fW1kxTMGGAk4xxtFr5ZruAiBrI9y7aHQG7l1VhSLU9u4D+4KrIHn4dWns"
    "MrD5hZURow==")


def trust_seeds():
    der = base64.b64decode(REVOCATION_LIST)
    yield "trust", der
    lines = "\n".join(textwrap.wrap(base64.b64encode(der).decode(), 64))
    yield "trust", f"-----BEGIN X509 CRL-----\n{lines}\n-----END X509 CRL-----\n".encode()
    key = base64.b64encode(bytes.fromhex("302a300506032b6570032100") + bytes(32)).decode()
    period = {"start": "2021-01-12T11:53:27.000Z", "end": "2031-01-12T11:53:27Z"}
    log = {"baseUrl": "https://log.example.org", "hashAlgorithm": "SHA2_256",
           "publicKey": {"rawBytes": key, "keyDetails": "PKIX_ED25519", "validFor": period},
           "logId": {"keyId": key}, "checkpointKeyId": {"keyId": key}}
    root = {"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log], "ctlogs": [log], "certificateAuthorities": [],
            "timestampAuthorities": []}
    yield "trust", json.dumps(root).encode()


def log_seeds():
    note = ("If you think cryptography is the answer to your problem,\n"
            "then you don't know what your problem is.\n\n"
            "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNX"
            "gKvqfqdngotpRZb6KE6RyyBwJnAM=\n")
    root = base64.b64encode(bytes(32)).decode()
    signature = base64.b64encode(bytes(68)).decode()
    checkpoint = f"PeterNeumann\n9\n{root}\n\n\u2014 PeterNeumann {signature}\n"
    proof = f"c2sp.org/tlog-proof@v1\nextra YQ==\nindex 3\n{root}\n{root}\n\n{checkpoint}"
    for text in [note, checkpoint, proof]:
        yield "log", text.encode()
    yield "log", b"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


def request_seeds():
    messages = [{"role": "developer", "content": "Be brief."},
                {"role": "user", "content": [{"type": "text", "text": "Hello"}]},
                {"role": "assistant", "content": None}]
    settings = {"model": "m", "n": 2, "max_completion_tokens": 3, "temperature": 0.5, "seed": -1,
                "stop": ["a", "b"], "presence_penalty": 1, "frequency_penalty": -1.5,
                "logprobs": True, "top_logprobs": 2, "stream": True, "user": "u", "top_p": 1,
                "stream_options": {"include_usage": True}, "tools": [], "tool_choice": "none"}
    yield "chat-request", json.dumps({"messages": messages, **settings}).encode()
    yield "chat-request", b'{"messages": [{"role": "user", "content": "x"}], "stop": "y"}'
    yield "chat-request", b'{"messages": 1, "messages": 2}'

    host = b"Host: models.example:8080\r\nAuthorization: Bearer 0123456789abcdef\r\n"
    body = b'{"messages":[{"role":"user","content":"x"}]}'
    post = b"POST /v1/chat/completions HTTP/1.1\r\nContent-Type: application/json\r\n" + host
    whole = post + b"Content-Length: %d\r\n\r\n" % len(body) + body
    get = b"GET /v1/models HTTP/1.1\r\n" + host + b"\r\n"
    for request in [
            get, whole, whole + whole, get + b"GET / HTTP/1.0\r\n\r\n",
            b"GET /health?x HTTP/1.1\r\nHost: [::1]\r\nConnection: close\r\n\r\n",
            post + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\nA: b\r\n\r\n" % (
                len(body), body),
            post + b"Content-Length: 999999\r\n\r\n" + body,
            post + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
            post + b"Origin: null\r\nContent-Length: 2\r\n\r\n{}",
            b"OPTIONS * HTTP/1.1\r\nHost: evil.example\r\nUpgrade: h2c\r\n\r\n"]:
        yield "http", b"\xff" + request
        yield "http", b"\x07" + request


def main():
    out = pathlib.Path(sys.argv[1])
    count = {}
    for make in [checkpoint_seeds, gguf_seeds, tokenizer_seeds, sentencepiece_seeds,
                 vocabulary_seeds, template_seeds,
                 signature_seeds, policy_seeds, name_seeds, trust_seeds, log_seeds,
                 request_seeds]:
        for target, data in make():
            number = count.get(target, 0)
            count[target] = number + 1
            folder = out / target
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{number:03}").write_bytes(data)


if __name__ == "__main__":
    main()
