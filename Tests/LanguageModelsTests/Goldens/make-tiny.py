# SPDX-License-Identifier: Apache-2.0
# Makes tiny-*: random models of 2 layers, 32 wide, each with a feature that families differ in,
# beside what transformers computes with them in fp32 (expected.json).
#
# python make-tiny.py [NAME...]
# Needs torch, transformers, gguf, tokenizers (made with 2.15, 5.23, 0.19, 0.23).

import json
import os
import shutil
import sys

import gguf
import numpy
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, decoders
from transformers import AutoConfig, AutoModelForCausalLM

HERE = os.path.dirname(os.path.abspath(__file__))

BASE = dict(
    vocab_size=48, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
    num_attention_heads=4, num_key_value_heads=2, head_dim=8, max_position_embeddings=64,
    rms_norm_eps=1e-5, tie_word_embeddings=False, bos_token_id=1, eos_token_id=2)

CASES = {
    # name: model type, storage, overrides
    "gqa": ("llama", torch.float32, dict(num_key_value_heads=1, tie_word_embeddings=True)),
    "linear": ("llama", torch.bfloat16, dict(
        rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=4.0))),
    "llama3": ("llama", torch.bfloat16, dict(
        max_position_embeddings=16384,
        rope_parameters=dict(
            rope_type="llama3", rope_theta=500000.0, factor=8.0, low_freq_factor=1.0,
            high_freq_factor=4.0, original_max_position_embeddings=8192))),
    "bias": ("llama", torch.float16, dict(attention_bias=True, mlp_bias=True)),
    "mistral": ("mistral", torch.bfloat16, dict(sliding_window=5)),
    "qwen2": ("qwen2", torch.bfloat16, dict()),
    "qwen3": ("qwen3", torch.bfloat16, dict()),
    "gemma": ("gemma", torch.bfloat16, dict(tie_word_embeddings=True)),
    "gemma2": ("gemma2", torch.bfloat16, dict(
        tie_word_embeddings=True, sliding_window=6, query_pre_attn_scalar=16,
        attn_logit_softcapping=5.0, final_logit_softcapping=8.0)),
}

SEQUENCES = [
    [1, 5, 9, 13, 17, 21, 25, 29, 33, 37, 41, 45, 3, 7, 11, 15, 19, 23, 27, 31],
    [1, 44, 44, 2, 8, 30],
    [4, 40, 40, 12, 47, 0, 6, 22, 38, 10, 26],
    [(7 * i * i + 3 * i + 1) % 48 for i in range(50)],
]


def tokenizer():
    vocabulary = {c: i for i, c in enumerate(["<unk>", "<s>", "</s>"] + [
        c for c in "abcdefghijklmnopqrstuvwxyzĠ.,!?0123456789-:;"] + ["ab"])}
    bpe = Tokenizer(models.BPE(vocab=vocabulary, merges=[("a", "b")]))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    bpe.add_special_tokens(["<unk>", "<s>", "</s>"])
    return bpe


def make(name, kind, storage, overrides):
    directory = os.path.join(HERE, "tiny-" + name)
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    torch.manual_seed(sum(map(ord, name)))
    config = AutoConfig.for_model(kind, **{**BASE, **overrides})
    model = AutoModelForCausalLM.from_config(
        config, dtype=torch.float32, attn_implementation="eager").eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            around = 1.0 if "norm" in key and not kind.startswith("gemma") else 0.0
            parameter.copy_((around + 0.3 * torch.randn_like(parameter)).to(storage).float())
    tensors = {k: v.detach().to(storage).contiguous() for k, v in model.named_parameters()}
    save_file(tensors, os.path.join(directory, "model.safetensors"), metadata={"format": "pt"})
    config.architectures = [type(model).__name__]
    config.save_pretrained(directory)
    tokenizer().save(os.path.join(directory, "tokenizer.json"))
    expected = []
    for ids in SEQUENCES:
        with torch.no_grad():
            output = model(torch.tensor([ids]), output_hidden_states=True)
        logs = output.logits[0].log_softmax(-1)
        values = logs[:-1].gather(1, torch.tensor(ids[1:]).reshape(-1, 1))[:, 0]
        greedy = model.generate(
            torch.tensor([ids]), max_new_tokens=12, do_sample=False, eos_token_id=2,
            pad_token_id=0, attention_mask=torch.ones(1, len(ids), dtype=torch.long))
        expected.append({
            "ids": ids, "logprobs": values.tolist(), "greedy": greedy[0, len(ids):].tolist(),
            "next": logs[-1].tolist(),
            # In front of each layer, at the last position.
            "residual": [h[0, -1].tolist() for h in output.hidden_states[:-1]]})
    value = {
        "sequences": expected,
        "inverse_frequencies": model.model.rotary_emb.inv_freq.tolist()}
    if name == "gqa":
        value["full"] = full_training(model)
    with open(os.path.join(directory, "expected.json"), "w") as file:
        json.dump(value, file, separators=(",", ":"))
        file.write("\n")
    if name == "llama3":
        write_gguf(os.path.join(HERE, "tiny-llama3.gguf"), config, tensors)


def full_training(model):
    """Full fine-tuning: sequences as prompts of 3 tokens with completions, right-padded."""
    width = max(map(len, SEQUENCES))
    ids = torch.tensor([s + [0] * (width - len(s)) for s in SEQUENCES])
    mask = torch.tensor([[1] * len(s) + [0] * (width - len(s)) for s in SEQUENCES])
    labels = torch.tensor([[-100] * 3 + s[3:] + [-100] * (width - len(s)) for s in SEQUENCES])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(10):
        optimizer.zero_grad()
        loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def write_gguf(path, config, tensors):
    """As llama.cpp's converter does it: interleaved q and k, the scaling as one tensor."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    vocabulary = tokenizer().get_vocab()
    names = sorted(vocabulary, key=vocabulary.get)
    writer.add_token_list(names)
    writer.add_token_types([3 if n.startswith("<") else 1 for n in names])
    writer.add_token_merges(["a b"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    rope = config.rope_parameters
    factors = []
    for i in range(0, config.head_dim, 2):
        wavelength = 2 * numpy.pi * rope["rope_theta"] ** (i / config.head_dim)
        turns = rope["original_max_position_embeddings"] / wavelength
        low, high = rope["low_freq_factor"], rope["high_freq_factor"]
        if turns > high:
            factors.append(1)
        elif turns < low:
            factors.append(rope["factor"])
        else:
            smooth = (turns - low) / (high - low)
            factors.append(1 / ((1 - smooth) / rope["factor"] + smooth))
    writer.add_tensor("rope_freqs.weight", numpy.array(factors, dtype=numpy.float32))
    inner = {
        "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
        "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down"}
    outer = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
    for name, tensor in tensors.items():
        owner, suffix = name.rsplit(".", 1)
        value = tensor.float().numpy()
        heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
        count = heads.get(owner.split(".")[-1])
        if count:
            value = value.reshape(count, 2, config.head_dim // 2, -1).swapaxes(1, 2)
            value = value.reshape(tensor.shape)
        if owner in outer:
            stem = outer[owner]
        else:
            _, _, layer, place = owner.split(".", 3)
            stem = f"blk.{layer}.{inner[place]}"
        writer.add_tensor(f"{stem}.{suffix}", numpy.ascontiguousarray(value, numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


for name, (kind, storage, overrides) in CASES.items():
    if len(sys.argv) == 1 or name in sys.argv[1:]:
        make(name, kind, storage, overrides)
