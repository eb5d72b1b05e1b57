# SPDX-License-Identifier: Apache-2.0
# Makes adapter-*: random PEFT adapters of the models tiny-*, one for each setting that changes what
# an adapter means, beside the log-probabilities that PEFT computes with them in fp32.
#
# python make-adapters.py [NAME...]
# Needs torch, transformers, peft (made with 2.15, 5.23, 0.21).

import json
import os
import shutil
import sys

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

HERE = os.path.dirname(os.path.abspath(__file__))

SEVEN = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]

CASES = {
    # name: base, storage, settings
    "plain": ("linear", torch.float32, dict(r=4, lora_alpha=8, target_modules=SEVEN)),
    "patterns": ("linear", torch.float32, dict(
        r=3, lora_alpha=6, target_modules=["q_proj", "v_proj", "down_proj"],
        rank_pattern={
            "q_proj": 2, r"layers\.1\.mlp\.down_proj": 5, r"^model\.layers\.0\..*\.v_proj": 1},
        alpha_pattern={r"layers\.[0]\.self_attn\.(q|k)_proj": 9, "down_proj": 4})),
    "rslora": ("qwen3", torch.bfloat16, dict(
        r=4, lora_alpha=6, use_rslora=True, target_modules=["q_proj", "up_proj"])),
    "layers": ("linear", torch.float32, dict(
        r=2, lora_alpha=8, target_modules=["k_proj", "gate_proj"], layers_to_transform=[1])),
    "expression": ("linear", torch.float32, dict(
        r=2, lora_alpha=8, target_modules=r"(?:.*?\.layers\.\d+\.(?:self_attn|mlp)\.(?:[qk]|down)_proj)",
        exclude_modules=r".*\.0\.self_attn\.k_proj")),
    "all-linear": ("gemma2", torch.float32, dict(
        r=2, lora_alpha=4, target_modules="all-linear")),
    "saved": ("linear", torch.float32, dict(
        r=2, lora_alpha=4, target_modules=["o_proj"],
        modules_to_save=["lm_head", "norm", "embed_tokens"])),
    "tied-embedding": ("gqa", torch.float32, dict(
        r=2, lora_alpha=4, target_modules=["embed_tokens", "v_proj"])),
    "tied-head": ("gqa", torch.float32, dict(
        r=2, lora_alpha=4, target_modules=["lm_head"])),
    "tied-saved": ("gqa", torch.float32, dict(
        r=2, lora_alpha=4, target_modules=["q_proj"], modules_to_save=["embed_tokens"])),
    "biases": ("bias", torch.float32, dict(
        r=2, lora_alpha=4, target_modules=["q_proj", "down_proj"], bias="all")),
    "transposed": ("qwen2", torch.float32, dict(
        r=2, lora_alpha=4, target_modules=["q_proj", "down_proj"], fan_in_fan_out=True)),
    "converted": ("llama3", torch.float32, dict(r=4, lora_alpha=8, target_modules=SEVEN)),
}

SEQUENCES = [
    [1, 5, 9, 13, 17, 21, 25, 29, 33, 37, 41, 45, 3, 7, 11, 15, 19, 23, 27, 31],
    [4, 40, 40, 12, 47, 0, 6, 22, 38, 10, 26],
]


def base(name):
    return AutoModelForCausalLM.from_pretrained(
        os.path.join(HERE, "tiny-" + name), dtype=torch.float32, attn_implementation="eager").eval()


def make(name, kind, storage, settings):
    directory = os.path.join(HERE, "adapter-" + name)
    shutil.rmtree(directory, ignore_errors=True)
    torch.manual_seed(sum(map(ord, name)))
    model = get_peft_model(base(kind), LoraConfig(task_type="CAUSAL_LM", **settings))
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            is_saved = "modules_to_save" in key
            is_bias = settings.get("bias") == "all" and key.endswith("bias")
            if "lora_" in key:
                parameter.copy_((0.3 * torch.randn_like(parameter)).to(storage).float())
            elif is_saved or is_bias:
                parameter.add_((0.2 * torch.randn_like(parameter)).to(storage).float())
    model.peft_config["default"].base_model_name_or_path = "tiny-" + kind
    model.to(storage).save_pretrained(directory)
    os.remove(os.path.join(directory, "README.md"))
    # What counts is what PEFT reads from the files.
    model = PeftModel.from_pretrained(base(kind), directory).eval().float()
    expected = []
    for ids in SEQUENCES:
        with torch.no_grad():
            logs = model(torch.tensor([ids])).logits[0].log_softmax(-1)
        values = logs[:-1].gather(1, torch.tensor(ids[1:]).reshape(-1, 1))[:, 0]
        expected.append({"ids": ids, "logprobs": values.tolist()})
    with open(os.path.join(directory, "expected.json"), "w") as file:
        json.dump({"base": kind, "sequences": expected}, file, separators=(",", ":"))
        file.write("\n")


for case in sys.argv[1:] or CASES:
    make(case, *CASES[case])
