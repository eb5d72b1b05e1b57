# SPDX-License-Identifier: Apache-2.0
# The Python side of every piece of work: PyTorch, PEFT and transformers as their users run them.
# Reads a job, then does one iteration for each line, until the input ends.

import json
import sys
import time
import warnings

import numpy
import peft
import tokenizers
import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer

PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def load(job):
    return AutoModelForCausalLM.from_pretrained(job["model"], dtype=torch.float32)


def padded(rows, value, left=False):
    length = max(map(len, rows))
    pads = [[value] * (length - len(row)) for row in rows]
    return torch.tensor([pad + row if left else row + pad for row, pad in zip(rows, pads)])


# ------------------------------------------------------------------------------------ training


def set_adapters(model):
    """An adapter's A, spread over the usual range by a rule that Temper's side knows too."""
    for name, parameter in model.named_parameters():
        if ".lora_A." not in name:
            continue
        parts = name.split(".")
        layer = int(parts[parts.index("layers") + 1])
        ordinal = layer * len(PROJECTIONS) + PROJECTIONS.index(parts[parts.index("lora_A") - 1])
        places = numpy.arange(parameter.numel(), dtype=numpy.int64)
        shares = (places * 7919 + ordinal * 104729) % 2003 / 1001 - 1
        values = (shares * (1 / parameter.shape[1] ** 0.5)).astype(numpy.float32)
        parameter.data.copy_(torch.from_numpy(values).reshape(parameter.shape))


def train(job):
    model = load(job)
    if job["work"] == "lora":
        model = peft.get_peft_model(
            model,
            peft.LoraConfig(
                r=job["rank"], lora_alpha=job["alpha"], lora_dropout=0, bias="none",
                target_modules=PROJECTIONS, task_type="CAUSAL_LM"))
        set_adapters(model)
    if job["recomputes"]:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    model.config.use_cache = False
    model.train()
    parameters = [p for p in model.parameters() if p.requires_grad]
    # The optimizer that transformers' Trainer takes by default.
    optimizer = torch.optim.AdamW(
        parameters, lr=job["learningRate"], weight_decay=0, fused=True)
    pad = model.config.pad_token_id or 0
    examples = job["examples"]
    first = 0

    def loss_of(batch):
        rows = [e["prompt"] + e["completion"] for e in batch]
        if job["paddedLabels"]:
            labels = [[-100] * len(e["prompt"]) + e["completion"] for e in batch]
            return model(
                input_ids=padded(rows, pad), labels=padded(labels, -100),
                attention_mask=padded([[1] * len(row) for row in rows], 0)).loss
        rows = torch.tensor(rows)
        logits = model(input_ids=rows[:, :-1]).logits
        return torch.nn.functional.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten())

    def step():
        nonlocal first
        batch = [examples[(first + i) % len(examples)] for i in range(job["batchSize"])]
        first += job["batchSize"]
        loss = loss_of(batch)
        loss.backward()
        if job.get("gradientNorm"):
            torch.nn.utils.clip_grad_norm_(parameters, job["gradientNorm"])
        optimizer.step()
        optimizer.zero_grad()
        return [loss.item()]

    return lambda: [step() for _ in range(job["steps"])]


# ----------------------------------------------------------------------------------- inference


def decode(job):
    model = load(job).eval()
    pad = model.generation_config.pad_token_id or 0
    # Answers end only when they are as long as they may be.
    model.generation_config.eos_token_id = None
    prompts = [e["prompt"] for e in job["examples"]]
    ids = padded(prompts, pad, left=True)
    mask = padded([[1] * len(prompt) for prompt in prompts], 0, left=True)

    @torch.inference_mode()
    def iterate():
        answers = model.generate(
            input_ids=ids, attention_mask=mask, do_sample=False, pad_token_id=pad,
            max_new_tokens=job["newTokens"])
        return answers[:, ids.shape[1]:].tolist()

    return iterate


def score(job):
    """Log-likelihoods as an evaluation harness takes them: the longest first, padded batches."""
    model = load(job).eval()
    examples = job["examples"]
    order = sorted(
        range(len(examples)),
        key=lambda i: -len(examples[i]["prompt"] + examples[i]["completion"]))

    @torch.inference_mode()
    def iterate():
        result = [0.0] * len(examples)
        for start in range(0, len(order), job["batchSize"]):
            places = order[start:start + job["batchSize"]]
            rows = [(examples[i]["prompt"] + examples[i]["completion"])[:-1] for i in places]
            logits = model(
                input_ids=padded(rows, 0),
                attention_mask=padded([[1] * len(row) for row in rows], 0)).logits
            logs = torch.log_softmax(logits, dim=-1)
            for row, place in enumerate(places):
                completion = torch.tensor(examples[place]["completion"])
                end = len(rows[row])
                chosen = logs[row, end - len(completion):end].gather(1, completion[:, None])
                result[place] = chosen.sum().item()
        return [result]

    return iterate


# ------------------------------------------------------------------------------------- loading


def load_model(job):
    @torch.inference_mode()
    def iterate():
        model = load(job).eval()
        ids = AutoTokenizer.from_pretrained(job["model"])("Here is", return_tensors="pt")
        logits = model(**ids).logits[0, -1]
        return [[torch.log_softmax(logits, dim=-1).max().item()]]

    return iterate


def load_tokenizer(job):
    return lambda: [AutoTokenizer.from_pretrained(job["model"]).encode("Here is")]


def tokenise(job):
    tokenizer = tokenizers.Tokenizer.from_file(job["model"] + "/tokenizer.json")
    return lambda: [tokenizer.encode(text).ids for text in job["texts"]]


WORK = {
    "lora": train, "full": train, "decode": decode, "score": score, "load": load_model,
    "tokenizer": load_tokenizer, "tokenise": tokenise,
}
VERSIONS = {
    module.__name__: module.__version__ for module in (torch, transformers, peft, tokenizers)
}


def main():
    replies = sys.stdout
    sys.stdout = sys.stderr
    warnings.filterwarnings("ignore")
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()

    def reply(**content):
        print(json.dumps(content), file=replies, flush=True)

    job = json.loads(sys.stdin.readline())
    iterate = WORK[job["work"]](job)
    iterate()
    reply(versions=VERSIONS | {"python": sys.version.split()[0]})
    for _ in iter(sys.stdin.readline, ""):
        start = time.perf_counter()
        result = iterate()
        reply(seconds=time.perf_counter() - start, result=result)


main()
