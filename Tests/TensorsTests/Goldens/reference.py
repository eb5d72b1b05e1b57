# SPDX-License-Identifier: Apache-2.0
"""What the scripts for the goldens of a decoder's layers share.

Inputs are not stored: both sides make them with the same hash. Of each output and gradient there
are the Euclidean norm and its products with eight vectors of that hash, in which an error of any
element shows.
"""

import json
import math
import pathlib

import numpy
import torch

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


def leaves(inputs):
    """Inputs, each a shape and a scale, at which functions are differentiated."""
    return [
        noise(seed + 1, shape, scale).requires_grad_()
        for seed, (shape, scale) in enumerate(inputs)]


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


def project(outputs, bias, rank):
    """Linear layers of one input, with low-rank adapters of scale 2 unless the rank is 0."""
    def function(x, *rest):
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

    return function


def projection_inputs(rows, inputs, outputs, rank, bias):
    shapes = [([1, rows, inputs], 1.0)]
    for output in outputs:
        shapes.append(([output, inputs], 1.0))
        if bias:
            shapes.append(([output], 1.0))
        if rank:
            shapes += [([rank, inputs], 0.5), ([output, rank], 0.5)]
    return shapes


def rounded(value):
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    return [rounded(inner) for inner in value] if isinstance(value, list) else value


def write(name, golden):
    path = pathlib.Path(__file__).with_name(name)
    text = json.dumps(rounded(golden), separators=(",", ":"), sort_keys=True)
    path.write_text(text + "\n")
