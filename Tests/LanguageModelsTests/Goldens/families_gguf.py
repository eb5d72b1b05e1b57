# SPDX-License-Identifier: Apache-2.0
# Writes a checkpoint of transformers as llama.cpp's converter does: names, fused and stacked
# tensors, interleaved heads, and the key-values that its reader needs.

import math
import os
import re

import gguf
import numpy
from safetensors.torch import load_file

ARCHITECTURES = {
    "llama": "llama", "phi3": "phi3", "olmo": "olmo", "olmo2": "olmo2", "smollm3": "smollm3",
    "granite": "granite", "stablelm": "stablelm", "cohere": "command-r", "cohere2": "cohere2",
    "glm4": "glm4", "phi": "phi2", "starcoder2": "starcoder2", "gemma3_text": "gemma3",
    "gemma": "gemma", "gemma2": "gemma2", "mistral": "llama", "qwen2": "qwen2", "qwen3": "qwen3",
    "mixtral": "llama", "qwen2_moe": "qwen2moe", "qwen3_moe": "qwen3moe", "olmoe": "olmoe",
    "granitemoe": "granitemoe", "gpt_oss": "gpt-oss",
}
PERMUTED = {"llama", "mistral", "mixtral", "smollm3", "granite", "granitemoe", "olmo"}


def write_gguf(directory, config, vocabulary):
    """Writes model.gguf. A linear scaling is written without its type, as some files have it, and a
    second time under the key of old files."""
    write(directory, config, vocabulary, "model.gguf", "rope.scaling.factor")
    if config.rope_parameters.get("rope_type") == "linear":
        write(directory, config, vocabulary, "old.gguf", "rope.scale_linear")


def write(directory, config, vocabulary, file, scale):
    kind = config.model_type
    rope = config.rope_parameters
    rope = rope.get("full_attention", rope)
    if kind not in ARCHITECTURES or rope.get("rope_type") in ("dynamic", "proportional"):
        return
    architecture = ARCHITECTURES[kind]
    writer = gguf.GGUFWriter(os.path.join(directory, file), architecture)
    write_keys(writer, architecture, config, rope)
    if rope.get("rope_type") == "linear":
        writer.add_float32(f"{architecture}.{scale}", rope["factor"])
    names = sorted(vocabulary, key=vocabulary.get)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(names)
    writer.add_token_types([3 if n.startswith("<") else 1 for n in names])
    writer.add_token_merges(["a b"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    number = {v: k for k, v in gguf.MODEL_ARCH_NAMES.items()}[architecture]
    table = gguf.get_tensor_name_map(number, config.num_hidden_layers)
    for name, value in tensors(directory, config).items():
        stored = table.get_name(name, try_suffixes=(".weight", ".bias"))
        if stored is None:
            raise ValueError(f"gguf has no name for {name}")
        stored_type = numpy.float16 if value.ndim > 1 else numpy.float32
        writer.add_tensor(stored, numpy.ascontiguousarray(value, stored_type))
    if rope.get("rope_type") == "longrope" and kind == "llama":
        divisors = numpy.array(rope["long_factor"], dtype=numpy.float32)
        writer.add_tensor("rope_freqs.weight", divisors)
    elif rope.get("rope_type") == "longrope":
        for length in ["long", "short"]:
            factors = numpy.array(rope[length + "_factor"], dtype=numpy.float32)
            writer.add_tensor(f"rope_factors_{length}.weight", factors)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_keys(writer, architecture, config, rope):
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(width)
    writer.add_value_length(width)
    writer.add_rope_dimension_count(int(width * rope.get("partial_rotary_factor", 1.0)))
    writer.add_rope_freq_base(rope["rope_theta"])
    rms = getattr(config, "rms_norm_eps", None)
    if rms is not None:
        writer.add_layer_norm_rms_eps(rms)
    else:
        writer.add_layer_norm_eps(getattr(config, "layer_norm_eps", None) or getattr(
            config, "norm_epsilon", 1e-5))
    window = getattr(config, "sliding_window", None)
    if window and getattr(config, "use_sliding_window", True):
        writer.add_sliding_window(window)
    if rope.get("rope_type") == "yarn":
        writer.add_string(f"{architecture}.rope.scaling.type", "yarn")
        writer.add_rope_scaling_factor(rope["factor"])
    if "original_max_position_embeddings" in rope and architecture != "llama" or (
            rope.get("rope_type") == "yarn"):
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
    if rope.get("rope_type") == "longrope" and architecture != "llama":
        original = rope["original_max_position_embeddings"]
        stretch = config.max_position_embeddings / original
        writer.add_rope_scaling_attn_factors(math.sqrt(1 + math.log(stretch) / math.log(original)))
    if getattr(config, "attn_logit_softcapping", None):
        writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
        writer.add_final_logit_softcapping(config.final_logit_softcapping)
    if hasattr(config, "logits_scaling"):
        writer.add_embedding_scale(config.embedding_multiplier)
        writer.add_residual_scale(config.residual_multiplier)
        writer.add_attention_scale(config.attention_multiplier)
        writer.add_logit_scale(config.logits_scaling)
    if hasattr(config, "logit_scale"):
        writer.add_logit_scale(config.logit_scale)
    if hasattr(config, "use_parallel_residual"):
        writer.add_parallel_residual(config.use_parallel_residual)
    if hasattr(config, "num_experts_per_tok"):
        count = getattr(config, "num_experts", None) or config.num_local_experts
        writer.add_expert_count(count)
        writer.add_expert_used_count(config.num_experts_per_tok)
        inner = getattr(config, "moe_intermediate_size", None)
        if inner or architecture == "gpt-oss":
            writer.add_expert_feed_forward_length(inner or config.intermediate_size)
        if hasattr(config, "shared_expert_intermediate_size"):
            writer.add_expert_shared_feed_forward_length(config.shared_expert_intermediate_size)


def tensors(directory, config):
    """The tensors under names that gguf's table knows, in llama.cpp's order of elements."""
    stored = load_file(os.path.join(directory, "model.safetensors"))
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    found, groups = {}, {}
    for name, tensor in stored.items():
        value = tensor.float().numpy()
        expert = re.fullmatch(r"(.*\.experts)\.(\d+)\.(\w+)\.(\w+)", name)
        head = re.fullmatch(r"(.*_layernorm)\.norms\.(\d+)\.weight", name)
        if expert:
            path, index, part, suffix = expert.groups()
            groups.setdefault(f"{path}.{part}.{suffix}", {})[int(index)] = value
        elif head:
            groups.setdefault(f"{head[1]}.weight", {})[int(head[2])] = value
        elif name.endswith("input_linear.weight"):
            gate, up = numpy.split(value, 2, axis=1)
            block = name.removesuffix("input_linear.weight")
            found[block + "experts.w1.weight"], found[block + "experts.w3.weight"] = gate, up
        elif name.endswith("output_linear.weight"):
            found[name.replace("output_linear", "experts.w2")] = value
        elif config.model_type == "gpt_oss" and ".experts." in name:
            suffix = ".bias" if name.endswith("_bias") else ".weight"
            path = name.removesuffix("_bias")
            parts = {path: value}
            if "gate_up" in path:
                parts = {path.replace("gate_up", "gate"): value[..., ::2],
                         path.replace("gate_up", "up"): value[..., 1::2]}
            for key, part in parts.items():
                found[key + suffix] = part if suffix == ".bias" else part.swapaxes(-1, -2)
        else:
            found[name] = value
    for name, parts in groups.items():
        found[name] = numpy.stack([parts[i] for i in range(len(parts))])
    result = {}
    for name, value in found.items():
        if config.model_type in PERMUTED and re.search(r"\.[qk]_proj\.", name):
            shape = value.shape
            value = value.reshape(shape[0] // width, 2, width // 2, -1).swapaxes(1, 2)
            value = value.reshape(shape)
        if config.model_type.startswith("gemma") and name.endswith("norm.weight"):
            value = value + 1
        if name.endswith("shared_expert_gate.weight"):
            value = value.reshape(-1)
        if name.endswith("self_attn.sinks"):
            name += ".weight"
        result[name] = value
    return result
