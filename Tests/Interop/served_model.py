# SPDX-License-Identifier: Apache-2.0
# A tiny signed model that never ends an answer by itself, and a server for it on loopback.
import array
import json
import pathlib
import random
import re
import subprocess
import tempfile
import time

WIDTH, INNER, LAYERS, HEADS, KEY_HEADS, VOCABULARY, CONTEXT = 32, 64, 2, 4, 2, 258, 4096
TEMPLATE = (
    "{% for message in messages %}{{ message['role'] + ':' + message['content'] + '<end>' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}")


def characters():
    """How byte-level tokenizers write each byte."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(byte if byte in visible else next(others)) for byte in range(256)]


def tokenizer():
    special = [
        {"id": number, "content": text, "special": True, "normalized": False, "lstrip": False,
         "rstrip": False, "single_word": False}
        for number, text in ((256, "<pad>"), (257, "<end>"))]
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True,
             "use_regex": True}
    vocabulary = {text: byte for byte, text in enumerate(characters())}
    return {"version": "1.0", "added_tokens": special, "pre_tokenizer": level, "decoder": level,
            "model": {"type": "BPE", "vocab": vocabulary, "merges": []}}


def shapes():
    head = WIDTH // HEADS
    yield "model.embed_tokens.weight", (VOCABULARY, WIDTH)
    yield "model.norm.weight", (WIDTH,)
    for layer in range(LAYERS):
        start = f"model.layers.{layer}."
        yield start + "input_layernorm.weight", (WIDTH,)
        yield start + "post_attention_layernorm.weight", (WIDTH,)
        yield start + "self_attn.q_proj.weight", (HEADS * head, WIDTH)
        yield start + "self_attn.k_proj.weight", (KEY_HEADS * head, WIDTH)
        yield start + "self_attn.v_proj.weight", (KEY_HEADS * head, WIDTH)
        yield start + "self_attn.o_proj.weight", (WIDTH, HEADS * head)
        yield start + "mlp.gate_proj.weight", (INNER, WIDTH)
        yield start + "mlp.up_proj.weight", (INNER, WIDTH)
        yield start + "mlp.down_proj.weight", (WIDTH, INNER)


def write_model(directory):
    directory.mkdir()
    configuration = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": VOCABULARY,
        "hidden_size": WIDTH, "intermediate_size": INNER, "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS, "num_key_value_heads": KEY_HEADS,
        "head_dim": WIDTH // HEADS, "max_position_embeddings": CONTEXT, "rms_norm_eps": 1e-5,
        "hidden_act": "silu", "tie_word_embeddings": True, "attention_bias": False,
        "mlp_bias": False, "rope_theta": 10000.0}
    (directory / "config.json").write_text(json.dumps(configuration))
    (directory / "tokenizer.json").write_text(json.dumps(tokenizer()))
    (directory / "tokenizer_config.json").write_text(json.dumps({"chat_template": TEMPLATE}))
    source = random.Random(7)
    header, data = {}, b""
    for name, shape in shapes():
        count = 1
        for extent in shape:
            count *= extent
        is_norm = len(shape) == 1
        values = array.array("f", [
            1.0 if is_norm else source.gauss(0, 0.2) for _ in range(count)])
        start = len(data)
        data += values.tobytes()
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [start, len(data)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (directory / "model.safetensors").write_bytes(
        len(text).to_bytes(8, "little") + text + data)


class Server:
    """`temper serve-model` as a process, with a model of its own."""

    def __init__(self, temper, *options):
        self.directory = tempfile.TemporaryDirectory()
        place = pathlib.Path(self.directory.name)
        self.model = place / "tiny"
        write_model(self.model)
        self.run(temper, "keygen", "--out", place / "key.pem")
        self.run(temper, "sign", self.model, "--key", place / "key.pem")
        self.errors = open(place / "errors", "w+")
        self.process = subprocess.Popen(
            [temper, "serve-model", self.model, "--key", place / "key.pub.pem", "--port", "0",
             *map(str, options)],
            stdout=subprocess.PIPE, stderr=self.errors, text=True)
        self.port = None
        for line in self.process.stdout:
            found = re.match(r"serving\thttps?://\S+:(\d+)/v1$", line.rstrip("\n"))
            if found:
                self.port = int(found.group(1))
                break
        if self.port is None:
            raise SystemExit(f"the server does not start: {self.said()}")

    @staticmethod
    def run(*arguments):
        subprocess.run([str(a) for a in arguments], check=True, capture_output=True)

    def said(self):
        self.errors.seek(0)
        return self.errors.read()

    def descriptors(self):
        """The number of open files of the process, or 0 where the system does not list them."""
        place = pathlib.Path(f"/proc/{self.process.pid}/fd")
        return len(list(place.iterdir())) if place.exists() else 0

    def terminate(self, limit):
        """Sends SIGTERM. Returns the exit code and the seconds that it took; None after a limit."""
        start = time.monotonic()
        self.process.terminate()
        try:
            code = self.process.wait(timeout=limit)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = None
        return code, time.monotonic() - start

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.errors.close()
        self.directory.cleanup()
