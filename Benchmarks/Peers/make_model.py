# SPDX-License-Identifier: Apache-2.0
# Writes a Llama of random weights, to measure how cost grows with size.

import argparse
import pathlib
import shutil

import torch
from transformers import AutoConfig, LlamaConfig, LlamaForCausalLM
from transformers.utils import logging

logging.disable_progress_bar()

parser = argparse.ArgumentParser()
parser.add_argument("--tokenizer", type=pathlib.Path, help="the model whose tokenizer is copied")
parser.add_argument("--out", type=pathlib.Path)
for name in ["width", "layers", "heads", "kv-heads", "feed-forward"]:
    parser.add_argument("--" + name, type=int)
arguments = parser.parse_args()

like = AutoConfig.from_pretrained(arguments.tokenizer)
config = LlamaConfig(
    vocab_size=like.vocab_size, hidden_size=arguments.width, num_hidden_layers=arguments.layers,
    num_attention_heads=arguments.heads, num_key_value_heads=arguments.kv_heads,
    intermediate_size=arguments.feed_forward, tie_word_embeddings=True,
    max_position_embeddings=2048, bos_token_id=like.bos_token_id,
    eos_token_id=like.eos_token_id, pad_token_id=like.pad_token_id)
torch.manual_seed(0)
model = LlamaForCausalLM(config).to(torch.float32)

# Made aside and renamed, so that a half-written model is never taken for a whole one.
partial = arguments.out.with_suffix(".partial")
shutil.rmtree(partial, ignore_errors=True)
model.save_pretrained(partial, max_shard_size="100GB")
for file in arguments.tokenizer.iterdir():
    if file.name.startswith("tokenizer") or file.name == "chat_template.jinja":
        shutil.copy(file, partial)
partial.rename(arguments.out)
print(sum(p.numel() for p in model.parameters()))
