# SPDX-License-Identifier: Apache-2.0
"""Writes layers.json: what PyTorch computes in double precision for the layers of a decoder.

Inputs are not stored: both sides make them with the same hash. Of each output and gradient there
are the Euclidean norm and its products with four vectors of that hash, in which an error of any
element shows.

Run with PyTorch 2: python make-layers.py
"""

import itertools
import json
import math
import pathlib

import numpy
import torch
import torch.nn.functional as F

torch.set_num_threads(1)


def noise(seed, shape, scale=1.0):
    """Numbers in [-1, 1) which float32 holds exactly, times a power of two."""
    count = math.prod(shape)
    with numpy.errstate(over="ignore"):
        h = numpy.arange(1, count + 1, dtype=numpy.uint32) * numpy.uint32(0x9E3779B1)
        h += numpy.uint32(seed * 0x85EBCA77 % 2**32)
        h ^= h >> numpy.uint32(16)
        h *= numpy.uint32(0x7FEB352D)
        h ^= h >> numpy.uint32(15)
        h *= numpy.uint32(0x846CA68B)
        h ^= h >> numpy.uint32(16)
    return torch.from_numpy((h >> 8).astype(numpy.float64) / 2**23 - 1).reshape(shape) * scale


def summary(tensor):
    flat = tensor.detach().double().flatten()
    products = [float(flat @ noise(1000 + k, [flat.numel()])) for k in range(8)]
    return {"norm": float(flat.norm()), "products": products}


def case(name, function, inputs, **options):
    """Differentiates the sum of each output times a vector of the hash."""
    leaves = [noise(seed + 1, shape, scale).requires_grad_() for seed, (shape, scale) in enumerate(inputs)]
    outputs = function(*leaves)
    loss = sum((output * noise(500 + k, output.shape)).sum() for k, output in enumerate(outputs))
    gradients = torch.autograd.grad(loss, leaves, allow_unused=True)
    return {
        "name": name, "inputs": [{"shape": shape, "scale": scale} for shape, scale in inputs],
        "outputs": [summary(output) for output in outputs],
        "gradients": [summary(gradient) for gradient in gradients], **options,
    }


def rotate(x, frequencies, positions):
    pairs = len(frequencies)
    angles = positions[:, None, None].double() * torch.tensor(frequencies)
    a, b, rest = x[..., :pairs], x[..., pairs:2 * pairs], x[..., 2 * pairs:]
    cosine, sine = angles.cos(), angles.sin()
    return torch.cat([a * cosine - b * sine, b * cosine + a * sine, rest], -1)


def attend(q, k, v, frequencies, segments, window, scale, cap):
    """Each token sees what its segment's ancestors hold, and its own segment up to itself."""
    contexts, positions, allowed = [], [], []
    for length, parent in segments:
        context = list(contexts[parent]) if parent >= 0 else []
        for token in range(len(positions), len(positions) + length):
            positions.append(len(context))
            context.append(token)
            allowed.append(context[-window:] if window else list(context))
        contexts.append(context)
    mask = torch.zeros(len(positions), len(positions), dtype=torch.bool)
    for token, seen in enumerate(allowed):
        mask[token, seen] = True
    positions = torch.tensor(positions)
    q, k = rotate(q, frequencies, positions), rotate(k, frequencies, positions)
    groups = q.shape[1] // k.shape[1]
    k, v = (t.repeat_interleave(groups, 1).transpose(0, 1) for t in (k, v))
    scores = q.transpose(0, 1) @ k.transpose(1, 2) * scale
    if cap:
        scores = cap * torch.tanh(scores / cap)
    return (scores.masked_fill(~mask, -math.inf).softmax(-1) @ v).transpose(0, 1)


golden = {"crossEntropy": [], "gated": [], "attention": [], "projection": [], "norm": []}

for rows, width, vocabulary in [(7, 33, 1000), (1, 16, 513), (129, 40, 1537), (700, 24, 600)]:
    targets = [(row * 7919 + 3) % vocabulary for row in range(rows)]
    golden["crossEntropy"].append(case(
        f"{rows} rows, width {width}, vocabulary {vocabulary}",
        lambda h, w: [F.cross_entropy(h @ w.T, torch.tensor(targets), reduction="none")],
        [([rows, width], 2.0), ([vocabulary, width], 1.0)], targets=targets))

for gate, function in {
    "silu": F.silu, "gelu": F.gelu, "geluApproximate": lambda x: F.gelu(x, approximate="tanh"),
}.items():
    golden["gated"].append(case(
        gate, lambda g, u: [function(g) * u], [([3, 129, 37], 8.0), ([3, 129, 37], 1.0)]))

for (heads, keyHeads), length in itertools.product([(9, 3), (4, 1), (8, 8)], [1, 7, 129]):
    # One that others continue, of whom one holds nothing and is continued all the same; two that
    # stand alone.
    segments = [[length, -1], [length // 2, 0], [3, 1], [length, -1], [2, 0], [1, -1]]
    count = sum(segment[0] for segment in segments)
    for width, pairs, window, cap in [(10, 5, 0, 0.0), (21, 6, 4, 0.0), (10, 5, 9, 2.0)]:
        frequencies = [100.0 ** (-i / pairs) for i in range(pairs)]
        golden["attention"].append(case(
            f"{length} tokens, heads {heads}/{keyHeads}, width {width}, window {window}, cap {cap}",
            lambda q, k, v: [attend(q, k, v, frequencies, segments, window, 0.4, cap)],
            [([count, heads, width], 1.0)] + [([count, keyHeads, width], 2.0)] * 2,
            frequencies=frequencies, segments=segments, window=window, scale=0.4, cap=cap))

for rows, inputs, outputs, rank, bias in [
    (7, 33, [50, 17, 17], 3, False), (129, 40, [129], 16, True), (1, 24, [40, 40], 8, False),
    (300, 64, [96, 31], 0, True),
]:
    shapes = [([1, rows, inputs], 1.0)]
    for output in outputs:
        shapes.append(([output, inputs], 1.0))
        if bias:
            shapes.append(([output], 1.0))
        if rank:
            shapes += [([rank, inputs], 0.5), ([output, rank], 0.5)]

    def project(x, *rest):
        rest, results = list(rest), []
        for _ in outputs:
            y = x @ rest.pop(0).T
            if bias:
                y = y + rest.pop(0)
            if rank:
                down, up = rest.pop(0), rest.pop(0)
                y = y + 2.0 * (x @ down.T) @ up.T
            results.append(y)
        return results

    golden["projection"].append(case(
        f"{rows} rows, {inputs} -> {outputs}, rank {rank}, bias {bias}", project, shapes,
        count=len(outputs), rank=rank, bias=bias))

for shape in [[1, 7], [129, 37], [2, 5, 64]]:
    def joint(x, d, w):
        total = x + d
        return [total, F.rms_norm(total, [shape[-1]], w, eps=1e-5)]

    golden["norm"].append(case(
        f"{shape}", joint, [(shape, 4.0), (shape, 1.0), ([shape[-1]], 1.0)]))

path = pathlib.Path(__file__).with_name("layers.json")


def rounded(value):
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    return [rounded(inner) for inner in value] if isinstance(value, list) else value


path.write_text(json.dumps(rounded(golden), separators=(",", ":"), sort_keys=True) + "\n")
