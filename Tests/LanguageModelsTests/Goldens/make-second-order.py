# SPDX-License-Identifier: Apache-2.0
# Makes second-order.safetensors: the gradient of a held-out loss, after AdamW steps of a LoRA on
# tiny-gqa, to the adapters before the steps and to the model's own weights, by PyTorch's double
# backward in double precision.
#
# The decoder is written out here, because that of transformers computes its norms in fp32. What it
# computes is checked against what transformers computes, in tiny-gqa/expected.json.
#
# python make-second-order.py
# Needs torch, numpy (made with 2.15, 2.4).

import json
import math
import pathlib
import struct

import numpy
import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).parent
MODEL = HERE / "tiny-gqa"
RANK, ALPHA, RATE, DECAY, STEPS = 2, 4.0, 3e-3, 0.01, 4
BETAS, EPSILON = (0.9, 0.999), 1e-8
TARGETS = {
    "q_proj": "self_attn", "k_proj": "self_attn", "v_proj": "self_attn", "o_proj": "self_attn",
    "gate_proj": "mlp", "up_proj": "mlp", "down_proj": "mlp"}

torch.set_num_threads(1)
config = json.loads((MODEL / "config.json").read_text())
heads, key_heads = config["num_attention_heads"], config["num_key_value_heads"]
width, layers, head_width = config["hidden_size"], config["num_hidden_layers"], config["head_dim"]


def read(path):
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    tensors = {}
    for name, entry in json.loads(data[8:8 + size]).items():
        if name != "__metadata__":
            assert entry["dtype"] == "F32"
            first, last = entry["data_offsets"]
            values = numpy.frombuffer(data[8 + size + first:8 + size + last], numpy.float32)
            tensors[name] = torch.from_numpy(values.astype(numpy.float64)).reshape(entry["shape"])
    return tensors


def write(path, tensors):
    header, parts, offset = {}, [], 0
    for name, tensor in tensors.items():
        part = tensor.detach().numpy().astype("<f4").tobytes()
        header[name] = {
            "dtype": "F32", "shape": list(tensor.shape),
            "data_offsets": [offset, offset + len(part)]}
        parts.append(part)
        offset += len(part)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))


def norm(x, weight):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + config["rms_norm_eps"]) * weight


def rotated(x):
    theta = config["rope_parameters"]["rope_theta"]
    frequencies = theta ** (-torch.arange(0, head_width, 2).double() / head_width)
    angles = torch.arange(x.shape[1]).double()[:, None] * frequencies
    cosine, sine = angles.cos(), angles.sin()
    left, right = x.chunk(2, -1)
    return torch.cat([left * cosine - right * sine, right * cosine + left * sine], -1)


def logits(weights, adapters, ids):
    """The logits of one sequence, `[length, vocabulary]`."""
    stream = weights["model.embed_tokens.weight"][ids]
    mask = torch.full((len(ids), len(ids)), -math.inf).double().triu(1)
    for layer in range(layers):
        prefix = f"model.layers.{layer}."

        def project(x, name):
            weight = weights[f"{prefix}{TARGETS[name]}.{name}.weight"]
            down, up = adapters[(layer, name)] if adapters else (None, None)
            y = x @ weight.T
            return y + ALPHA / RANK * (x @ down.T) @ up.T if adapters else y

        def split(x, count):
            return x.reshape(len(ids), count, head_width).transpose(0, 1)

        x = norm(stream, weights[prefix + "input_layernorm.weight"])
        q = rotated(split(project(x, "q_proj"), heads))
        k = rotated(split(project(x, "k_proj"), key_heads)).repeat_interleave(heads // key_heads, 0)
        v = split(project(x, "v_proj"), key_heads).repeat_interleave(heads // key_heads, 0)
        scores = q @ k.transpose(1, 2) / math.sqrt(head_width) + mask
        found = (scores.softmax(-1) @ v).transpose(0, 1).reshape(len(ids), -1)
        stream = stream + project(found, "o_proj")
        x = norm(stream, weights[prefix + "post_attention_layernorm.weight"])
        inner = F.silu(project(x, "gate_proj")) * project(x, "up_proj")
        stream = stream + project(inner, "down_proj")
    return norm(stream, weights["model.norm.weight"]) @ weights["model.embed_tokens.weight"].T


def loss(weights, adapters, sequences):
    """The mean over all tokens behind prompts of 3."""
    parts = [
        F.cross_entropy(
            logits(weights, adapters, ids[:-1])[2:], torch.tensor(ids[3:]), reduction="none")
        for ids in sequences]
    return torch.cat(parts).mean()


expected = json.loads((MODEL / "expected.json").read_text())
sequences = [sequence["ids"] for sequence in expected["sequences"]]
weights = read(MODEL / "model.safetensors")
for sequence in expected["sequences"]:
    ids = sequence["ids"]
    found = logits(weights, None, ids[:-1]).log_softmax(-1)
    found = found.gather(1, torch.tensor(ids[1:])[:, None])[:, 0]
    assert (found - torch.tensor(sequence["logprobs"]).double()).abs().max() < 1e-5

torch.manual_seed(0)
keys = [(layer, name) for layer in range(layers) for name in TARGETS]
start = []
for layer, name in keys:
    out, inner = weights[f"model.layers.{layer}.{TARGETS[name]}.{name}.weight"].shape
    start += [0.15 * torch.randn(RANK, inner), 0.1 * torch.randn(out, RANK)]
start = [tensor.double().requires_grad_() for tensor in start]
weights = {name: tensor.requires_grad_() for name, tensor in weights.items()}


def pairs(parameters):
    return dict(zip(keys, zip(parameters[::2], parameters[1::2])))


def train():
    """The adapters after some AdamW steps, as a function of the start and the weights."""
    parameters = start
    first = [torch.zeros_like(tensor) for tensor in start]
    second = first
    for step in range(1, STEPS + 1):
        inner = loss(weights, pairs(parameters), sequences[:3])
        gradients = torch.autograd.grad(inner, parameters, create_graph=True)
        first = [BETAS[0] * m + (1 - BETAS[0]) * g for m, g in zip(first, gradients)]
        second = [BETAS[1] * v + (1 - BETAS[1]) * g * g for v, g in zip(second, gradients)]
        parameters = [
            p * (1 - RATE * DECAY)
            - RATE * (m / (1 - BETAS[0] ** step)) / ((v / (1 - BETAS[1] ** step)).sqrt() + EPSILON)
            for p, m, v in zip(parameters, first, second)]
    return parameters


golden = {f"start.{index}": tensor for index, tensor in enumerate(start)}
outer = loss(weights, pairs(train()), sequences[3:])
slopes = torch.autograd.grad(outer, start + list(weights.values()))
golden["loss"] = outer.reshape(1)
for index, slope in enumerate(slopes[:len(start)]):
    golden[f"adapter.{index}"] = slope
golden.update(zip(weights, slopes[len(start):]))
write(HERE / "second-order.safetensors", golden)
