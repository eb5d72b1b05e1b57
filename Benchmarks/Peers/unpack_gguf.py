# SPDX-License-Identifier: Apache-2.0
# Writes a GGUF file as a Hugging Face directory in 32-bit floating point, for both sides to read.

import argparse
import pathlib
import shutil

import torch
from transformers import AutoModelForCausalLM
from transformers.utils import logging

logging.disable_progress_bar()

parser = argparse.ArgumentParser()
parser.add_argument("--gguf", type=pathlib.Path)
parser.add_argument("--tokenizer", type=pathlib.Path, help="the model whose tokenizer is copied")
parser.add_argument("--out", type=pathlib.Path)
arguments = parser.parse_args()

unpacked = AutoModelForCausalLM.from_pretrained(
    arguments.gguf.parent, gguf_file=arguments.gguf.name, dtype=torch.float32)
# A model that remembers that it was quantised cannot be written.
config = unpacked.config
del config.quantization_config
model = type(unpacked)(config)
model.load_state_dict(unpacked.state_dict())

# Made aside and renamed, so that a half-written model is never taken for a whole one.
partial = arguments.out.with_suffix(".partial")
shutil.rmtree(partial, ignore_errors=True)
model.save_pretrained(partial)
for file in arguments.tokenizer.iterdir():
    if file.name.startswith("tokenizer") or file.name == "chat_template.jinja":
        shutil.copy(file, partial)
partial.rename(arguments.out)
