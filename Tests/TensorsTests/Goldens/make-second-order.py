# SPDX-License-Identifier: Apache-2.0
"""Writes second-order.json: gradients of gradients of a decoder's layers, by PyTorch's double
backward in double precision.

Run with PyTorch 2: python make-second-order.py
"""

import torch
import torch.nn.functional as F

from reference import attend, leaves, noise, project, projection_inputs, summary, write


def case(name, function, inputs, **options):
    """Differentiates a loss of the outputs, then the products of its gradients with the hash.

    The loss is not linear, so that its gradient depends on the outputs as well.
    """
    tensors = leaves(inputs)
    outputs = function(*tensors)
    loss = sum(
        ((output.square() / 2 + output) * noise(500 + k, output.shape)).sum()
        for k, output in enumerate(outputs))
    gradients = torch.autograd.grad(loss, tensors, create_graph=True)
    product = sum(
        (gradient * noise(700 + k, gradient.shape)).sum()
        for k, gradient in enumerate(gradients))
    second = torch.autograd.grad(product, tensors)
    return {
        "name": name, "inputs": [{"shape": shape, "scale": scale} for shape, scale in inputs],
        "outputs": [summary(output) for output in outputs],
        "gradients": [summary(gradient) for gradient in gradients],
        "second": [summary(gradient) for gradient in second], **options,
    }


golden = {"crossEntropy": [], "gated": [], "attention": [], "projection": [], "norm": []}

for rows, width, vocabulary in [(7, 9, 600), (70, 5, 31)]:
    targets = [(row * 7919 + 3) % vocabulary for row in range(rows)]
    golden["crossEntropy"].append(case(
        f"{rows} rows, width {width}, vocabulary {vocabulary}",
        lambda h, w: [F.cross_entropy(h @ w.T, torch.tensor(targets), reduction="none")],
        [([rows, width], 2.0), ([vocabulary, width], 1.0)], targets=targets))

for gate, function in {
    "silu": F.silu, "gelu": F.gelu, "geluApproximate": lambda x: F.gelu(x, approximate="tanh"),
}.items():
    golden["gated"].append(case(
        gate, lambda g, u: [function(g) * u], [([3, 11, 7], 4.0), ([3, 11, 7], 1.0)]))

# One segment that others continue, one of which holds nothing, and one that stands alone.
segments = [[9, -1], [0, 0], [4, 1], [7, -1], [2, 0]]
for heads, keyHeads, window, cap in [(4, 2, 0, 0.0), (3, 1, 4, 0.0), (2, 2, 6, 2.0)]:
    count, width, pairs = sum(segment[0] for segment in segments), 10, 4
    frequencies = [100.0 ** (-i / pairs) for i in range(pairs)]
    golden["attention"].append(case(
        f"heads {heads}/{keyHeads}, window {window}, cap {cap}",
        lambda q, k, v: [attend(q, k, v, frequencies, segments, window, 0.4, cap)],
        [([count, heads, width], 1.0)] + [([count, keyHeads, width], 2.0)] * 2,
        frequencies=frequencies, segments=segments, window=window, scale=0.4, cap=cap))

for rows, inputs, outputs, rank, bias in [(7, 11, [5, 6, 6], 3, False), (30, 8, [13], 2, True)]:
    golden["projection"].append(case(
        f"{rows} rows, {inputs} -> {outputs}, rank {rank}, bias {bias}",
        project(outputs, bias, rank), projection_inputs(rows, inputs, outputs, rank, bias),
        count=len(outputs), rank=rank, bias=bias))


def joint(x, d, w):
    total = x + d
    return [total, F.rms_norm(total, [w.shape[0]], w, eps=1e-5)]


def alone(x, w):
    return [F.rms_norm(x, [w.shape[0]], w, eps=1e-5)]


for shape in [[1, 7], [2, 35, 19]]:
    golden["norm"] += [
        case(f"{shape}", joint, [(shape, 1.0), (shape, 0.5), ([shape[-1]], 1.0)]),
        case(f"{shape}, alone", alone, [(shape, 1.0), ([shape[-1]], 1.0)])]

write("second-order.json", golden)
