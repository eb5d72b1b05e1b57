# SPDX-License-Identifier: Apache-2.0
# Makes random models of two layers of each family, beside what transformers computes with them in
# fp32: log-probabilities, greedy answers, and the gradients of low-rank adapters.
#
# python make-families.py [--out DIRECTORY] [--seed NUMBER] [--gguf] [NAME...]
# Without --seed the seed is the name's, so that the goldens of the tests are made again. With --gguf
# all families are made, and those that llama.cpp reads are also written as it converts them.
# Needs torch, transformers, tokenizers, gguf (made with 2.15, 5.23, 0.23, 0.19).

import argparse
import json
import os
import random
import shutil
import warnings
import zlib

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from families_gguf import write_gguf
from torch.func import functional_call
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.utils import logging

warnings.filterwarnings("ignore")
logging.set_verbosity_error()
logging.disable_progress_bar()

HERE = os.path.dirname(os.path.abspath(__file__))
VOCABULARY = 48
RANK = 2
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]

BASE = dict(
    vocab_size=VOCABULARY, hidden_size=24, intermediate_size=40, num_hidden_layers=2,
    num_attention_heads=3, num_key_value_heads=1, head_dim=8, max_position_embeddings=128,
    tie_word_embeddings=False, bos_token_id=1, eos_token_id=2, pad_token_id=0)

WINDOWS = dict(sliding_window=7, layer_types=["sliding_attention", "full_attention"])
YARN = dict(
    rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=32)
LONGROPE = dict(
    rope_type="longrope", rope_theta=10000.0, original_max_position_embeddings=32,
    partial_rotary_factor=0.75, short_factor=[1.0, 1.1, 1.3], long_factor=[1.5, 3.0, 4.5])
# In a GGUF file one list of divisors, for sequences of any length.
DIVIDED = dict(
    rope_type="longrope", rope_theta=10000.0, original_max_position_embeddings=128,
    attention_factor=1.0)
EXPERTS = dict(num_experts=4, num_experts_per_tok=2, moe_intermediate_size=16)

CASES = {
    # name: model type, what differs from BASE
    "yarn": ("llama", dict(rope_parameters=YARN)),
    "dynamic": ("llama", dict(
        max_position_embeddings=32,
        rope_parameters=dict(rope_type="dynamic", rope_theta=10000.0, factor=4.0))),
    "linear": ("llama", dict(rope_parameters=dict(
        rope_type="linear", rope_theta=10000.0, factor=4.0))),
    "divided": ("llama", dict(rope_parameters=dict(
        DIVIDED, short_factor=[1.0, 2.0, 1.5, 6.0], long_factor=[1.0, 2.0, 1.5, 6.0]))),
    "proportional": ("llama", dict(rope_parameters=dict(
        rope_type="proportional", rope_theta=10000.0, partial_rotary_factor=0.5))),
    "ministral": ("ministral", WINDOWS),
    "ministral3": ("ministral3", dict(
        rope_parameters=dict(
            YARN, llama_4_scaling_beta=0.1, mscale=1.0, mscale_all_dim=1.0, beta_fast=32.0,
            beta_slow=1.0))),
    "gemma3": ("gemma3_text", dict(
        WINDOWS, tie_word_embeddings=True, query_pre_attn_scalar=16, rope_parameters=dict(
            full_attention=dict(rope_type="linear", rope_theta=1000000.0, factor=8.0),
            sliding_attention=dict(rope_type="default", rope_theta=10000.0)))),
    "phi3": ("phi3", dict(num_key_value_heads=3, sliding_window=9)),
    "phi4": ("phi3", dict(
        rope_parameters=LONGROPE, original_max_position_embeddings=32,
        tie_word_embeddings=True)),
    "olmo": ("olmo", dict(num_key_value_heads=3)),
    "olmo2": ("olmo2", dict()),
    "olmo3": ("olmo3", dict(WINDOWS, rope_parameters=dict(
        full_attention=YARN,
        sliding_attention=dict(rope_type="default", rope_theta=10000.0)))),
    "smollm3": ("smollm3", dict(no_rope_layers=[1, 0], tie_word_embeddings=True)),
    "granite": ("granite", dict(
        embedding_multiplier=12.0, logits_scaling=3.0, residual_multiplier=0.22,
        attention_multiplier=0.11, attention_bias=True)),
    "stablelm": ("stablelm", dict(use_qkv_bias=True)),
    "stablelm2": ("stablelm", dict(
        use_parallel_residual=True, qk_layernorm=True, partial_rotary_factor=0.5)),
    "cohere": ("cohere", dict(tie_word_embeddings=True, use_qk_norm=True)),
    "cohere2": ("cohere2", dict(WINDOWS, tie_word_embeddings=True, logit_scale=0.25)),
    "glm": ("glm", dict()),
    "glm4": ("glm4", dict()),
    "phi": ("phi", dict(num_key_value_heads=3)),
    "starcoder2": ("starcoder2", dict(sliding_window=9, tie_word_embeddings=True)),
    "mixtral": ("mixtral", dict(intermediate_size=16, num_local_experts=4, num_experts_per_tok=2)),
    "qwen2moe": ("qwen2_moe", dict(EXPERTS, shared_expert_intermediate_size=24)),
    "qwen3moe": ("qwen3_moe", dict(EXPERTS, norm_topk_prob=True, mlp_only_layers=[0])),
    "olmoe": ("olmoe", dict(intermediate_size=16, num_experts=4, num_experts_per_tok=2)),
    "granitemoe": ("granitemoe", dict(
        intermediate_size=16, num_local_experts=4, num_experts_per_tok=2,
        embedding_multiplier=12.0, logits_scaling=3.0, residual_multiplier=0.22,
        attention_multiplier=0.11)),
    "gptoss": ("gpt_oss", dict(
        WINDOWS, intermediate_size=16, num_local_experts=4, num_experts_per_tok=2,
        rope_parameters=dict(YARN, truncate=False, beta_fast=32.0, beta_slow=1.0))),
}


# What llama.cpp does not read from a file but knows, it knows of more than two layers.
GGUF_CASES = {
    "cohere2": dict(num_hidden_layers=4, layer_types=3 * ["sliding_attention"] + ["full_attention"]),
    "gemma3": dict(
        num_hidden_layers=6, query_pre_attn_scalar=8,
        layer_types=5 * ["sliding_attention"] + ["full_attention"]),
    "smollm3": dict(num_hidden_layers=4, no_rope_layers=[1, 1, 1, 0]),
    "qwen3moe": dict(mlp_only_layers=[]),
}
# Families whose goldens make-tiny.py makes.
MORE_CASES = {
    "llama": ("llama", dict(attention_bias=True)),
    "mistral": ("mistral", dict(sliding_window=None)),
    "qwen2": ("qwen2", dict()),
    "qwen3": ("qwen3", dict()),
    "gemma": ("gemma", dict(tie_word_embeddings=True)),
    "gemma2": ("gemma2", dict(
        WINDOWS, tie_word_embeddings=True, query_pre_attn_scalar=8, attn_logit_softcapping=5.0,
        final_logit_softcapping=8.0)),
}
GGUF_GOLDENS = [
    "linear", "divided", "granite", "phi4", "stablelm2", "glm4", "mixtral", "qwen2moe", "gptoss"]


def tokenizer():
    characters = "abcdefghijklmnopqrstuvwxyzĠ.,!?0123456789-:;"
    names = ["<unk>", "<s>", "</s>", *characters, "ab"]
    bpe = Tokenizer(models.BPE(vocab={n: i for i, n in enumerate(names)}, merges=[("a", "b")]))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    bpe.add_special_tokens(names[:3])
    return bpe


def randomise(model, kind):
    """Values that bf16 holds exactly; gains around 1, or around 0 where 1 is added to them."""
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            isGain = "norm" in key and key.endswith("weight") and not kind.startswith("gemma")
            values = (1.0 if isGain else 0.0) + 0.3 * torch.randn_like(parameter)
            parameter.copy_(values.bfloat16().float())


def places(model, layer):
    """Where each projection is: parameter, rows (or a stride), and whether it is transposed."""
    config = model.config
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    queries, keys = config.num_attention_heads * width, config.num_key_value_heads * width
    names = dict(model.named_parameters())
    found = {}

    def add(target, key, rows=None, turned=False):
        name = f"model.layers.{layer}.{key}"
        if name in names:
            found[target] = (name, rows, turned)

    for target in TARGETS[:4]:
        add(target, f"self_attn.{target}.weight")
    add("o_proj", "self_attn.dense.weight")
    for index, target in enumerate(TARGETS[:3]):
        ends = [0, queries, queries + keys, queries + 2 * keys]
        add(target, "self_attn.qkv_proj.weight", slice(ends[index], ends[index + 1]))
    for target in TARGETS[4:]:
        add(target, f"mlp.{target}.weight")
    for up, down in [("fc1", "fc2"), ("c_fc", "c_proj")]:
        add("up_proj", f"mlp.{up}.weight")
        add("down_proj", f"mlp.{down}.weight")
    inner = config.intermediate_size
    add("gate_proj", "mlp.gate_up_proj.weight", slice(0, inner))
    add("up_proj", "mlp.gate_up_proj.weight", slice(inner, None))
    for block in ["mlp.experts", "block_sparse_moe.experts"]:
        isTurned = config.model_type == "gpt_oss"
        half = getattr(config, "moe_intermediate_size", None) or inner
        gate, up = slice(0, half), slice(half, None)
        if isTurned:
            gate, up = slice(0, None, 2), slice(1, None, 2)
        add("gate_proj", f"{block}.gate_up_proj", gate, isTurned)
        add("up_proj", f"{block}.gate_up_proj", up, isTurned)
        add("down_proj", f"{block}.down_proj", None, isTurned)
    for key, parts in [("input_linear", TARGETS[4:6]), ("output_linear", TARGETS[6:])]:
        for index, target in enumerate(parts):
            rows = None if len(parts) == 1 else slice(index * inner, (index + 1) * inner)
            add(target, f"block_sparse_moe.{key}.weight", rows)
    return found


def gradients(model, sequence):
    """The gradients of adapters on every projection, at random A and B."""
    parameters = {k: v.detach() for k, v in model.named_parameters()}
    adapters, located = {}, {}
    for layer in range(model.config.num_hidden_layers):
        for target, (name, rows, turned) in places(model, layer).items():
            weight = parameters[name].transpose(-1, -2) if turned else parameters[name]
            shape = weight[..., rows, :].shape if rows else weight.shape
            outer, (out, inputs) = shape[:-2], shape[-2:]
            key = f"{layer}.{target}"
            adapters[key + ".A"] = (0.3 * torch.randn(*outer, RANK, inputs)).requires_grad_()
            adapters[key + ".B"] = (0.3 * torch.randn(*outer, out, RANK)).requires_grad_()
            located[key] = (name, rows, turned)
    changed = dict(parameters)
    for key, (name, rows, turned) in located.items():
        change = adapters[key + ".B"] @ adapters[key + ".A"]
        weight = changed[name].transpose(-1, -2) if turned else changed[name]
        if rows:
            whole = torch.zeros_like(weight)
            whole[..., rows, :] = change
            change = whole
        weight = weight + change
        changed[name] = weight.transpose(-1, -2) if turned else weight
    if getattr(model.config, "tie_word_embeddings", False):
        changed.pop("lm_head.weight", None)
    ids = torch.tensor([sequence])
    read = dict(input_ids=ids[:, :-1], use_cache=False)
    logits = functional_call(model, changed, (), read).logits[0]
    loss = torch.nn.functional.cross_entropy(logits[2:], ids[0, 3:])
    slopes = torch.autograd.grad(loss, list(adapters.values()))
    file = {k: v.detach().contiguous() for k, v in adapters.items()}
    file |= {k + ".gradient": g.contiguous() for k, g in zip(adapters, slopes)}
    return loss.item(), file


def make(out, name, seed, gguf):
    kind, changes = {**CASES, **MORE_CASES}[name]
    if gguf:
        changes = {**changes, **GGUF_CASES.get(name, {})}
    directory = os.path.join(out, "family-" + name)
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    torch.manual_seed(seed)
    keys = {**BASE, **changes}
    config = AutoConfig.for_model(kind, **keys)
    model = AutoModelForCausalLM.from_config(
        config, dtype=torch.float32, attn_implementation="eager").eval()
    randomise(model, kind)
    expected = []
    draw = random.Random(seed)
    for length in [6, 21, 60]:
        ids = [1] + [draw.randrange(3, VOCABULARY) for _ in range(length - 1)]
        # A fresh rotary embedding, for one that grows keeps the greatest length.
        def fresh():
            other = AutoModelForCausalLM.from_config(
                config, dtype=torch.float32, attn_implementation="eager").eval()
            other.load_state_dict(model.state_dict())
            return other

        with torch.no_grad():
            output = fresh()(torch.tensor([ids]), output_hidden_states=True)
            # The last token is predicted without being read.
            logs = fresh()(torch.tensor([ids[:-1]])).logits[0].log_softmax(-1)
        values = logs.gather(1, torch.tensor(ids[1:]).reshape(-1, 1))[:, 0]
        logs = output.logits[0].log_softmax(-1)
        greedy = fresh().generate(
            torch.tensor([ids]), max_new_tokens=14, do_sample=False, eos_token_id=2,
            pad_token_id=0, attention_mask=torch.ones(1, len(ids), dtype=torch.long))
        expected.append({
            "ids": ids, "logprobs": values.tolist(), "greedy": greedy[0, len(ids):].tolist(),
            "next": logs[-1].tolist(),
            "residual": [h[0, -1].tolist() for h in output.hidden_states[:-1]]})
    loss, adapters = gradients(model, expected[1]["ids"])
    save_file(adapters, os.path.join(directory, "adapters.safetensors"))
    with open(os.path.join(directory, "expected.json"), "w") as file:
        json.dump({"sequences": expected, "loss": loss}, file, separators=(",", ":"))
        file.write("\n")
    config.architectures = [type(model).__name__]
    model.bfloat16().save_pretrained(directory)
    generation = os.path.join(directory, "generation_config.json")
    if os.path.exists(generation):
        os.remove(generation)
    tokenizer().save(os.path.join(directory, "tokenizer.json"))
    if gguf or name in GGUF_GOLDENS:
        write_gguf(directory, config, tokenizer().get_vocab())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default=HERE)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--gguf", action="store_true")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    for name in arguments.names or [*CASES, *(MORE_CASES if arguments.gguf else [])]:
        own = zlib.crc32(name.encode())
        seed = own if arguments.seed is None else (own + arguments.seed) % 2**32
        try:
            make(arguments.out, name, seed, arguments.gguf)
            print(name, "made")
        except Exception as error:  # one family that this transformers lacks spoils no other
            print(name, "failed:", type(error).__name__, error)
