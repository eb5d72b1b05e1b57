# SPDX-License-Identifier: Apache-2.0
# Makes orthogonalisation.json with NumPy alone, in double precision:
# python3 make-orthogonalisation.py > orthogonalisation.json
#
# A Llama of two layers is computed here from its definition, and attacked as published: directions
# are differences of means, and are scored, chosen and projected out as in arXiv:2406.11717; the
# edit by strengths is that of github.com/p-e-w/heretic, Model.abliterate (commit 20b7bf7).
import json
import sys

import numpy as np

WIDTH, INNER, VOCABULARY, LAYERS, HEADS, GROUPS, HEAD = 32, 64, 258, 2, 4, 2, 8
EPSILON, BASE, END = 1e-5, 10000.0, 257


def noise(matrix, count):
    """Numbers from -0.5 to 0.5 that a test can make anew, after a 32-bit integer hash."""
    x = np.arange(count, dtype=np.uint64) * 0x9E3779B1 + matrix * 0x85EBCA77
    mask = np.uint64(0xFFFFFFFF)
    x &= mask
    for shift, factor in [(15, 0x2C1B3C6D), (12, 0x297A2D39)]:
        x ^= x >> np.uint64(shift)
        x = (x * np.uint64(factor)) & mask
    x ^= x >> np.uint64(15)
    return x.astype(np.float64) / 2**32 - 0.5


SHAPES = {"model.embed_tokens.weight": (VOCABULARY, WIDTH), "model.norm.weight": (WIDTH,)}
for layer in range(LAYERS):
    for name, shape in {
        "input_layernorm": (WIDTH,), "post_attention_layernorm": (WIDTH,),
        "self_attn.q_proj": (HEADS * HEAD, WIDTH), "self_attn.k_proj": (GROUPS * HEAD, WIDTH),
        "self_attn.v_proj": (GROUPS * HEAD, WIDTH), "self_attn.o_proj": (WIDTH, HEADS * HEAD),
        "mlp.gate_proj": (INNER, WIDTH), "mlp.up_proj": (INNER, WIDTH),
        "mlp.down_proj": (WIDTH, INNER)}.items():
        SHAPES[f"model.layers.{layer}.{name}.weight"] = shape
WEIGHTS = {}
for index, name in enumerate(sorted(SHAPES)):
    values = noise(index, int(np.prod(SHAPES[name]))).astype(np.float32).astype(np.float64)
    WEIGHTS[name] = (
        1 + values if len(SHAPES[name]) == 1 else values * 0.75).reshape(SHAPES[name])
# What the engine holds are the nearest numbers of single precision.
WEIGHTS = {name: w.astype(np.float32).astype(np.float64) for name, w in WEIGHTS.items()}
HEAD_WEIGHT = WEIGHTS["model.embed_tokens.weight"]


def normalised(x, weight):
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + EPSILON) * weight


def turned(x):
    """Rotary positions of [tokens, heads, HEAD], the halves of a head turned together."""
    angles = np.arange(len(x))[:, None] * BASE ** (-np.arange(0, HEAD, 2) / HEAD)
    cosine, sine = np.cos(angles)[:, None], np.sin(angles)[:, None]
    first, second = x[..., :HEAD // 2], x[..., HEAD // 2:]
    return np.concatenate(
        [first * cosine - second * sine, second * cosine + first * sine], axis=-1)


def forward(tokens, weights=WEIGHTS, ablated=None, added=None):
    """The stream in front of each layer and behind the last, and the next token's logits."""
    def edited(x):
        return x if ablated is None else x - np.outer(x @ ablated, ablated)

    x = edited(weights["model.embed_tokens.weight"][tokens])
    states = []
    for layer in range(LAYERS):
        states.append(x)

        def weight(name):
            return weights[f"model.layers.{layer}.{name}.weight"]

        if added is not None and added[1] == layer:
            x = x + added[0]
        read = normalised(x, weight("input_layernorm"))
        queries = turned((read @ weight("self_attn.q_proj").T).reshape(-1, HEADS, HEAD))
        keys = turned((read @ weight("self_attn.k_proj").T).reshape(-1, GROUPS, HEAD))
        values = (read @ weight("self_attn.v_proj").T).reshape(-1, GROUPS, HEAD)
        found = []
        for head in range(HEADS):
            group = head * GROUPS // HEADS
            scores = queries[:, head] @ keys[:, group].T / np.sqrt(HEAD)
            scores[np.triu_indices(len(tokens), 1)] = -np.inf
            shares = np.exp(scores - scores.max(-1, keepdims=True))
            found.append(shares / shares.sum(-1, keepdims=True) @ values[:, group])
        x = edited(x + np.concatenate(found, -1) @ weight("self_attn.o_proj").T)
        read = normalised(x, weight("post_attention_layernorm"))
        gate = read @ weight("mlp.gate_proj").T
        inner = gate / (1 + np.exp(-gate)) * (read @ weight("mlp.up_proj").T)
        x = edited(x + inner @ weight("mlp.down_proj").T)
    states.append(x)
    return np.array(states), normalised(x[-1], weights["model.norm.weight"]) @ HEAD_WEIGHT.T


def log_softmax(logits):
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def refusal(logits, openings):
    """The refusal metric: log P(opening) - log(1 - P), in nats."""
    share = np.exp(log_softmax(logits))[..., openings].sum(-1)
    return np.log(share) - np.log1p(-share)


def divergence(reference, moved):
    """KL(reference || moved) of next tokens, in nats."""
    one, other = log_softmax(reference), log_softmax(moved)
    return (np.exp(one) * (one - other)).sum(-1)


def tokens(prompt):
    return list(b"u:" + prompt.encode()) + [END] + list(b"a:")


# The tiny suite of the tests: see TinyModel.swift.
PROMPTS = {
    (kind, split): [tokens(f"{word} {index} {split}") for index in range(4)]
    for kind, word in [("restricted", "bind"), ("benign", "hi")]
    for split in ["train", "validation"]}
OPENINGS, POSITIONS = [ord("n")], [-1, -2, -3]


def streams(kind, split):
    """[layers, prompts, positions, width]."""
    return np.stack(
        [forward(p)[0][:, POSITIONS] for p in PROMPTS[kind, split]], axis=1)


def next_tokens(kind, **options):
    return np.array([forward(p, **options)[1] for p in PROMPTS[kind, "validation"]])


def orthogonalised(direction):
    """(I - r r') W for all that writes to the stream, and E (I - r r') for the embedding's rows."""
    projector = np.eye(WIDTH) - np.outer(direction, direction)
    edited = dict(WEIGHTS)
    for layer in range(LAYERS):
        for name in ["self_attn.o_proj", "mlp.down_proj"]:
            key = f"model.layers.{layer}.{name}.weight"
            edited[key] = projector @ WEIGHTS[key]
    edited["model.embed_tokens.weight"] = HEAD_WEIGHT @ projector
    return edited


def norms(matrix):
    return np.linalg.norm(matrix, axis=1, keepdims=True)


def heretic(weight, direction, strength, rows):
    """Model.abliterate; its mode FULL before the adapter of low rank that stands for it."""
    lengths = norms(weight)
    if rows == "full":
        weight = weight / lengths
    weight = weight - strength * np.outer(direction, direction @ weight)
    return weight / norms(weight) * lengths if rows == "full" else weight


def kept(weight, direction, strength):
    """(I - s r r') W with each row scaled to the norm that it had."""
    changed = weight - strength * np.outer(direction, direction @ weight)
    return changed / norms(changed) * norms(weight)


def tent(layer, most, least, centre, reach):
    distance = abs(layer - centre)
    return 0 if distance > reach else most + distance / reach * (least - most)


def samples(matrix):
    """Some rows, and the norm of each: what is wrong anywhere shows in one of them."""
    return {
        "rows": {str(i): list(matrix[i]) for i in [0, 7, len(matrix) - 1]},
        "norms": list(norms(matrix)[:, 0])}


def rounded(value):
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [rounded(inner) for inner in value]
    return float(f"{value:.9g}") if isinstance(value, (float, np.floating)) else value


# The search of arXiv:2406.11717.
train = {kind: streams(kind, "train") for kind in ["restricted", "benign"]}
held = {kind: streams(kind, "validation") for kind in ["restricted", "benign"]}
plain = {kind: next_tokens(kind) for kind in ["restricted", "benign"]}
candidates = []
# In front of the first layer the template's tokens stand alone: there is no difference.
for layer in range(1, LAYERS):
    for index, position in enumerate(POSITIONS):
        difference = (
            train["restricted"][layer, :, index].mean(0) - train["benign"][layer, :, index].mean(0))
        direction = difference / np.linalg.norm(difference)
        falls = [held[kind][layer, :, index] @ direction for kind in ["restricted", "benign"]]
        candidates.append({
            "layer": layer, "position": position, "difference": difference,
            "separation": (falls[0].mean() - falls[1].mean())
            / np.sqrt((falls[0].var() + falls[1].var()) / 2),
            "bypass": refusal(next_tokens("restricted", ablated=direction), OPENINGS).mean(),
            "divergence": divergence(
                plain["benign"], next_tokens("benign", ablated=direction)).mean(),
            "induction": refusal(
                next_tokens("benign", added=(difference, layer)), OPENINGS).mean()})
candidates.sort(key=lambda candidate: -candidate["separation"])

# Of the candidates that change little and induce refusals the one with the lowest score; when there
# is none, as here where there is no safeguard, the least divergent one that makes refusal
# improbable, which is the deviation that WeightOrthogonalisation states.
passing = [c for c in candidates if c["divergence"] <= 0.1 and c["induction"] >= 0]
chosen = (
    min(passing, key=lambda c: c["bypass"]) if passing
    else min((c for c in candidates if c["bypass"] < 0), key=lambda c: c["divergence"]))
unit = chosen["difference"] / np.linalg.norm(chosen["difference"])
edited = orthogonalised(unit)

# The edit by strengths, each layer along its own direction, which stands in front of the next.
directions = noise(1000, (LAYERS + 1) * WIDTH).reshape(LAYERS + 1, WIDTH)
directions = directions.astype(np.float32).astype(np.float64)
directions /= norms(directions)
TENTS = {"output": (1.2, 0.3, 1.0, 1.25), "down": (0.9, 0.1, 0.75, 1.5)}
strengths = []
for layer in range(LAYERS):
    for part, name in [("output", "self_attn.o_proj"), ("down", "mlp.down_proj")]:
        key = f"model.layers.{layer}.{name}.weight"
        weight, strength = WEIGHTS[key], tent(layer, *TENTS[part])
        even = (weight / norms(weight) * 1.5).astype(np.float32).astype(np.float64)
        arguments = (directions[layer + 1], strength)
        strengths.append({
            "name": key, "strength": strength,
            "plain": samples(heretic(weight, *arguments, rows="none")),
            "rowsKept": samples(kept(weight, *arguments)),
            # Where all rows have one norm, what is projected first makes no difference.
            "evenRowsKept": samples(heretic(even, *arguments, rows="full"))})
        published = heretic(weight, *arguments, rows="full")
        print(
            f"{key}: rows kept, the change differs from heretic's by "
            f"{np.linalg.norm(kept(weight, *arguments) - published) / np.linalg.norm(published - weight):.4f}"
            f" of its norm; row norms vary by {norms(weight).std() / norms(weight).mean():.3f}",
            file=sys.stderr)

logits = [noise(2000 + i, 6 * 12).reshape(6, 12).astype(np.float32).astype(np.float64) * 16
          for i in range(2)]
json.dump(rounded({
    "madeBy": f"NumPy {np.__version__}",
    "logits": {
        "openings": [2, 5], "refusal": refusal(logits[0], [2, 5]),
        "divergence": divergence(logits[0], logits[1]).mean()},
    "candidates": candidates,
    "chosen": {"layer": chosen["layer"], "position": chosen["position"]},
    "orthogonalised": {
        name: samples(edited[name]) for name in edited if "o_proj" in name or "down" in name
        or "embed" in name},
    "nextTokens": log_softmax(forward(tokens("bind 9"), weights=edited)[1]),
    "untouchedNextTokens": log_softmax(forward(tokens("bind 9"))[1]),
    "tents": TENTS, "strengths": strengths,
    "sharedDirection": {
        "index": 0.4, "row": (lambda v: v / np.linalg.norm(v))(
            directions[1] + 0.4 * (directions[2] - directions[1]))},
}), sys.stdout, separators=(",", ":"))
print()
