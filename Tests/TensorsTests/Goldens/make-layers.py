# SPDX-License-Identifier: Apache-2.0
"""Writes layers.json: what PyTorch computes in double precision for the layers of a decoder.

Run with PyTorch 2: python make-layers.py
"""

import itertools

import torch
import torch.nn.functional as F

from reference import attend, leaves, noise, project, projection_inputs, summary, write


def case(name, function, inputs, **options):
    """Differentiates the sum of each output times a vector of the hash."""
    tensors = leaves(inputs)
    outputs = function(*tensors)
    loss = sum((output * noise(500 + k, output.shape)).sum() for k, output in enumerate(outputs))
    gradients = torch.autograd.grad(loss, tensors, allow_unused=True)
    return {
        "name": name, "inputs": [{"shape": shape, "scale": scale} for shape, scale in inputs],
        "outputs": [summary(output) for output in outputs],
        "gradients": [summary(gradient) for gradient in gradients], **options,
    }


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
    golden["projection"].append(case(
        f"{rows} rows, {inputs} -> {outputs}, rank {rank}, bias {bias}",
        project(outputs, bias, rank), projection_inputs(rows, inputs, outputs, rank, bias),
        count=len(outputs), rank=rank, bias=bias))

for shape in [[1, 7], [129, 37], [2, 5, 64]]:
    def joint(x, d, w):
        total = x + d
        return [total, F.rms_norm(total, [shape[-1]], w, eps=1e-5)]

    golden["norm"].append(case(
        f"{shape}", joint, [(shape, 4.0), (shape, 1.0), ([shape[-1]], 1.0)]))

write("layers.json", golden)
