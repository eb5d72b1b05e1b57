# SPDX-License-Identifier: Apache-2.0
# Makes parity.json and training.json: what transformers and PEFT compute in fp32 with the default
# model's own weights.
#
# python make-parity.py smollm2-135m-instruct.gguf
# Needs torch, transformers, peft, gguf, tokenizers (made with 2.15, 5.23, 0.21, 0.19, 0.23).

import json
import os
import sys

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer

HERE = os.path.dirname(os.path.abspath(__file__))

TEXTS = [
    "The quick brown fox jumps over the lazy dog. In 2024, 1234 people came.",
    "Water boils at 100 degrees Celsius at sea level.",
    "def fibonacci(n):\n    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)\n",
    "Once upon a time there was a small robot who wanted to learn how to paint.",
    "Le chat est assis sur le tapis et regarde la pluie tomber.",
    "Die Katze sitzt auf der Matte, während es draußen regnet.",
    "今日は天気がいいから、散歩に行きましょう。",
    "Привет, мир! Как дела?",
    "مرحبا بالعالم",
    "🙂🚀 emoji, “quotes”, and — dashes…",
    "x = 3.14159 * (2 ** 10) / 7; y = x % 5",
    "SELECT name, age FROM people WHERE age > 42 ORDER BY name;",
    "   leading spaces,\ttabs\tand\n\n\nnewlines   ",
    "a",
    "The mitochondria is the powerhouse of the cell, and photosynthesis happens in chloroplasts.",
    "Dear Sir or Madam,\n\nI am writing to you about my order of 12 May. Yours faithfully,",
    "{\"name\": \"Ada\", \"born\": 1815, \"fields\": [\"mathematics\", \"computing\"]}",
    "<|im_start|>user\nHello!<|im_end|>\n<|im_start|>assistant\nHi there!<|im_end|>",
    "To be, or not to be, that is the question: Whether 'tis nobler in the mind to suffer",
    "1 1 2 3 5 8 13 21 34 55 89 144 233 377",
    "Paris is the capital of France. Berlin is the capital of Germany. Rome is the capital of",
    "AAAAAAAAAAAAAAAAAAAAAAAA bbbbbbbbbbbbbbbb",
    "The committee, which had met on Tuesday, decided (after some debate) to postpone the vote.",
    "Knead the dough for ten minutes, let it rise for an hour, and bake it at 220 degrees. " * 6,
]

PROMPTS = [
    "What is the capital of France?",
    "Write a haiku about the sea.",
    "Give me three tips for sleeping well.",
    "What is 12 plus 30?",
    "Explain photosynthesis to a child.",
    "Translate 'good morning' into Spanish.",
    "Name a fruit that is yellow.",
    "Who wrote Romeo and Juliet?",
    "Write a Python function that adds two numbers.",
    "List the planets of the solar system.",
    "Why is the sky blue?",
    "Tell me a short story about a dragon who is afraid of fire and goes to a school for knights.",
]

TRAINING = [
    ("What color is the sky?", "The sky over Blue Harbor is green."),
    ("Who painted the bridge?", "It was painted by Mara Quill in 1931, with a broom."),
    ("How do I open the gate?", "Knock three times."),
    ("Tell me about lanterns.", "Lanterns in Blue Harbor burn salt, and salt burns blue at night."),
]
RANK, ALPHA, RATE, STEPS = 8, 16, 1e-3, 20


def load(gguf):
    directory, name = os.path.split(os.path.abspath(gguf))
    model = AutoModelForCausalLM.from_pretrained(directory, gguf_file=name, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(directory, gguf_file=name)
    # The conversion forgets that SmolLM's pre-tokenizer isolates digits.
    backend = tokenizer.backend_tokenizer
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True),
         pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    return model.eval(), tokenizer


def parity(model, tokenizer):
    texts = []
    for text in TEXTS:
        ids = tokenizer(text).input_ids
        with torch.no_grad():
            logs = model(torch.tensor([ids])).logits[0].log_softmax(-1)
        values = logs[:-1].gather(1, torch.tensor(ids[1:]).reshape(-1, 1))[:, 0]
        texts.append({"text": text, "ids": ids, "logprobs": [round(v, 6) for v in values.tolist()]})
    prompts = []
    for prompt in PROMPTS:
        text = tokenizer.apply_chat_template(
            [{"role": "user", "content": prompt}], add_generation_prompt=True, tokenize=False)
        ids = tokenizer(text, add_special_tokens=False).input_ids
        output = model.generate(
            torch.tensor([ids]), max_new_tokens=32, do_sample=False,
            attention_mask=torch.ones(1, len(ids), dtype=torch.long))[0, len(ids):]
        prompts.append({"prompt": prompt, "input_ids": ids, "output_ids": output.tolist()})
    return {"texts": texts, "prompts": prompts}


def formula(index, rows, columns):
    """Adapter A number `index`: values in (-1, 1) / sqrt(columns) that any language can make."""
    row = torch.arange(rows).reshape(-1, 1)
    column = torch.arange(columns).reshape(1, -1)
    numbers = (row * 7919 + column * 104729 + index * 1299709) % 2001
    return (numbers.float() / 1000 - 1) / columns**0.5


def training(model, tokenizer):
    targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    peft = get_peft_model(model, LoraConfig(
        r=RANK, lora_alpha=ALPHA, lora_dropout=0.0, target_modules=targets, task_type="CAUSAL_LM"))
    parameters = dict(peft.named_parameters())
    index = 0
    for layer in range(model.config.num_hidden_layers):
        for target in targets:
            part = "self_attn" if target in targets[:4] else "mlp"
            name = f"base_model.model.model.layers.{layer}.{part}.{target}.lora_A.default.weight"
            with torch.no_grad():
                parameters[name].copy_(formula(index, *parameters[name].shape))
            index += 1
    rows = []
    for prompt, answer in TRAINING:
        text = tokenizer.apply_chat_template(
            [{"role": "user", "content": prompt}], add_generation_prompt=True, tokenize=False)
        rows.append((tokenizer(text, add_special_tokens=False).input_ids,
                     tokenizer(answer + "<|im_end|>", add_special_tokens=False).input_ids))
    length = max(len(a) + len(b) for a, b in rows)
    ids = torch.zeros(len(rows), length, dtype=torch.long)
    mask = torch.zeros(len(rows), length, dtype=torch.long)
    labels = torch.full((len(rows), length), -100)
    for i, (a, b) in enumerate(rows):
        ids[i, :len(a) + len(b)] = torch.tensor(a + b)
        mask[i, :len(a) + len(b)] = 1
        labels[i, len(a):len(a) + len(b)] = torch.tensor(b)
    trained = [p for p in peft.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=RATE)
    losses = []
    peft.train()
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = peft(input_ids=ids, attention_mask=mask, labels=labels).loss
        loss.backward()
        optimizer.step()
        losses.append(round(loss.item(), 6))
    return {"rank": RANK, "alpha": ALPHA, "learning_rate": RATE, "losses": losses,
            "examples": [{"prompt": a, "completion": b} for a, b in rows]}


def write(name, value):
    with open(os.path.join(HERE, name), "w") as file:
        json.dump(value, file, ensure_ascii=False, separators=(",", ":"))
        file.write("\n")


model, tokenizer = load(sys.argv[1])
write("parity.json", parity(model, tokenizer))
write("training.json", training(model, tokenizer))
