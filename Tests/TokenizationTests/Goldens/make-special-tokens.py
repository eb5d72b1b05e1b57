# SPDX-License-Identifier: Apache-2.0
# Writes special-tokens-5.json, or -4.json: what transformers of that version reads from directories
# whose special tokens stand in one file or another. Run it with both versions.
import json
import os
import tempfile

import transformers
from transformers import AutoTokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
VERSION = int(transformers.__version__.split(".")[0])
WORDS = ["<unk>", "<s>", "</s>", "a", "b", "c", "<x>", "<y>", "<t>"]
TEXTS = ["a b", "<s> a", "a <x> b", "a<y>b", "<new>a", "<extra> b", "<img>a", "<added>b c", "a <pad> c",
         " <strip> a", "<s></s>", "<t> <t>"]


def special(identifier, content, **more):
    return {"id": identifier, "content": content, "single_word": False, "lstrip": False,
            "rstrip": False, "normalized": False, "special": True, **more}


def listed(content, **more):
    token = special(0, content, **more)
    del token["id"]
    return token


def around(*tokens):
    """A post-processor with one token before the text."""
    pieces = [{"SpecialToken": {"id": t, "type_id": 0}} for t in tokens]
    single = pieces[:1] + [{"Sequence": {"id": "A", "type_id": 0}}] + pieces[1:]
    return {"type": "TemplateProcessing", "single": single, "pair": single + [
        {"Sequence": {"id": "B", "type_id": 1}}], "special_tokens": {
            t: {"id": t, "ids": [WORDS.index(t)], "tokens": [t]} for t in tokens}}


def tokenizer(post=None, added=()):
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": list(added),
            "normalizer": None, "pre_tokenizer": {"type": "Whitespace"}, "post_processor": post,
            "decoder": None, "model": {"type": "WordLevel", "unk_token": "<unk>", "vocab": {
                word: index for index, word in enumerate(WORDS)}}}


FAST = {"tokenizer_class": "PreTrainedTokenizerFast"}
START = special(1, "<s>")
CASES = {
    "listed": ({"tokenizer.json": tokenizer(added=[START]), "tokenizer_config.json": {
        **FAST, "bos_token": "<s>", "added_tokens_decoder": {
            "1": listed("<s>"), "6": listed("<x>", special=False), "9": listed("<added>"),
            "10": listed("<strip>", lstrip=True, rstrip=True)}}}),
    "map": ({"tokenizer.json": tokenizer(), "tokenizer_config.json": FAST,
             "special_tokens_map.json": {
                 "bos_token": {"content": "<s>", "lstrip": False, "rstrip": False,
                               "normalized": False, "single_word": False},
                 "pad_token": "<pad>", "additional_special_tokens": ["<extra>", "<x>"]},
             "added_tokens.json": {"<added>": 9, "<pad>": 10}}),
    "map-ignored": ({"tokenizer.json": tokenizer(), "tokenizer_config.json": {
        **FAST, "added_tokens_decoder": {"7": listed("<y>")}},
                     "special_tokens_map.json": {"pad_token": "<pad>"},
                     "added_tokens.json": {"<added>": 9}}),
    "outside": ({"tokenizer.json": tokenizer(), "tokenizer_config.json": {
        **FAST, "bos_token": "<new>", "eos_token": "</s>", "cls_token": "<t>",
        "additional_special_tokens": ["<extra>"]}}),
    "model-specific": ({"tokenizer.json": tokenizer(), "tokenizer_config.json": {
        **FAST, "image_token": "<img>", "extra_special_tokens": {"video_token": "<x>"}}}),
    "empty": ({"tokenizer.json": tokenizer(), "tokenizer_config.json": {
        **FAST, "bos_token": "", "eos_token": "</s>", "pad_token": None}}),
}
for name, cls in [("fast", "PreTrainedTokenizerFast"), ("llama", "LlamaTokenizerFast"),
                  ("llama-slow", "LlamaTokenizer"), ("gemma", "GemmaTokenizerFast"),
                  ("cohere", "CohereTokenizerFast")]:
    if VERSION == 5 and name != "fast":
        continue  # Version 5 builds the tokenizers of these classes anew.
    for setting in (True, False, None):
        for post in (None, around("<s>"), around("<s>", "</s>")):
            config = {"tokenizer_class": cls, "bos_token": "<s>", "eos_token": "</s>",
                      "unk_token": "<unk>"}
            if cls.startswith("Cohere") or cls.startswith("Gemma"):
                config["pad_token"] = "<t>"
            if setting is not None:
                config["add_bos_token"] = setting
            post_name = "none" if post is None else str(len(post["special_tokens"]))
            CASES[f"{name}-{setting}-{post_name}"] = {
                "tokenizer.json": tokenizer(post, [special(0, "<unk>"), START, special(2, "</s>")]),
                "tokenizer_config.json": config}

if VERSION == 4:
    del CASES["model-specific"]  # Version 4 does not read them.
out = {}
for name, files in CASES.items():
    with tempfile.TemporaryDirectory() as folder:
        for file, value in files.items():
            with open(os.path.join(folder, file), "w") as handle:
                json.dump(value, handle)
        try:
            loaded = AutoTokenizer.from_pretrained(folder)
            out[name] = {
                "files": {file: json.dumps(value) for file, value in files.items()},
                "named": {key: value for key, value in loaded.special_tokens_map.items()
                          if isinstance(value, str)},
                "ids": [loaded(text)["input_ids"] for text in TEXTS]}
        except Exception as error:
            print(name, type(error).__name__, error)
with open(os.path.join(HERE, f"special-tokens-{VERSION}.json"), "w") as file:
    json.dump({"texts": TEXTS, "cases": out}, file, separators=(",", ":"))
    file.write("\n")
