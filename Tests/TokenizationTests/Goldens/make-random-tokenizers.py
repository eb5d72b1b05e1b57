# SPDX-License-Identifier: Apache-2.0
# Trains small tokenizers of every kind on generated text of many scripts, and writes what
# sentencepiece and tokenizers make of random texts: OUT/KIND/case.json beside the tokenizer's files.
#
#   make-random-tokenizers.py OUT COUNT SEED
#
# Needs the packages `tokenizers`, `sentencepiece`, `transformers` and `protobuf`. RandomTokenizerTests
# reads OUT. The goldens were made with: random 60 7 (the maps of characters are then small ones).
import io
import json
import os
import random
import sys

import sentencepiece
from tokenizers import (
    AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors,
    trainers,
)
from transformers.convert_slow_tokenizer import SpmConverter
from transformers.utils import sentencepiece_model_pb2_new as protobuf

OUT, COUNT, SEED = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
IS_SMALL = COUNT < 1000
HERE = os.path.dirname(os.path.abspath(__file__))
random.seed(SEED)
os.makedirs(OUT, exist_ok=True)
with open(os.path.join(HERE, "corpus.json")) as file:
    CORPUS = json.load(file)
NASTY = CORPUS["texts"][:CORPUS["nasty"]]

POOLS = [
    "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789", " ", " ", "  \n\t\r",
    "'.,!?;:-_()[]{}<>/\\|@#$%^&*+=~`\"", "äöüßéèêñçåøæœ", "абвгдежзий", "αβγδεςσ", "אבגדה",
    "ابتثج", "अआइईक्षत्र", "一二三四五日本語", "가나다라한글", "ひらカタ、。", "😀👍🏽❤️👩‍💻🇩🇪",
    "\u0301\u0308\u0323\u200d\u200b\ufe0f", "½²³①Ⅷ٣५ﬁｆＡ", "\u00a0\u2003\u3000\u0085\u2028\u000b\u001c\u001f",
    "\u2581", "\0\x01\x7f\x9f\ufffd\ufeff",
]
PIECES = ["'s", "'RE", "'ll", "<s>", "</s>", "<unk>", "[CLS]", "[MASK]", "<0x41>", "\r\n", "  1",
          "the ", " and", "ing", "<user>", "\u2581\u2581", "aaaa", "    ", "do not", "n't"]
SYLLABLES = ["ka", "to", "ri", "me", "sol", "ver", "an", "th", "ing", "er", "о", "на", "ров", "ка",
             "ες", "λο", "日本", "中文", "字", "한국", "말", "ات", "ال", "दे", "ना", "é", "über", "ñ"]


def sentence():
    """Text that a tokenizer can learn from."""
    words = ["".join(random.choices(SYLLABLES, k=random.choice([1, 2, 2, 3, 4])))
             for _ in range(random.randrange(3, 12))]
    if random.random() < 0.3:
        words.insert(0, words[0].capitalize())
    if random.random() < 0.3:
        words.append(str(random.randrange(10000)))
    return " ".join(words) + random.choice([".", "!", "?", ",", "", "  ", "...", " aaaa", " ab ab"])


def random_text():
    kind = random.random()
    length = random.choice([1, 2, 3, 5, 8, 13, 21, 34])
    if kind < 0.15:  # any code points at all
        points = []
        while len(points) < length:
            point = random.randrange(random.choice([0x250, 0x3000, 0x20000, 0x110000]))
            if not 0xD800 <= point <= 0xDFFF:
                points.append(chr(point))
        return "".join(points)
    if kind < 0.4:
        return sentence()
    pools = random.sample(POOLS, random.choice([1, 2, 3, 5]))
    return "".join(
        random.choice(PIECES) if random.random() < 0.08 else random.choice(random.choice(pools))
        for _ in range(length))


TRAINING = [sentence() for _ in range(3000)] + [t for t in NASTY if t.strip()] * 2
TEXTS = (NASTY[::4] if IS_SMALL else NASTY) + [random_text() for _ in range(COUNT)]


def write(path, value):
    path = os.path.join(OUT, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        json.dump(value, file, separators=(",", ":"), ensure_ascii=not IS_SMALL)
        file.write("\n")


def sequences(size, count):
    return [[random.randrange(size) for _ in range(random.randrange(1, 12))] for _ in range(count)]


def decoded(tokenizer, size):
    return [{"ids": ids, "text": tokenizer.decode(ids, skip_special_tokens=False),
             "plain": tokenizer.decode(ids, skip_special_tokens=True)}
            for ids in sequences(size, 25 if IS_SMALL else 1000)]


# ------------------------------------------------------------------ sentencepiece

def sentencepiece_model(**options):
    out = io.BytesIO()
    lines = iter([t.replace("\0", " ").replace("\n", " ") for t in TRAINING])
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=lines, model_writer=out, minloglevel=2, hard_vocab_limit=False,
        num_threads=1, **options)
    return out.getvalue()


def from_sentencepiece(kind, data):
    """Encoding by sentencepiece; decoding by the tokenizer to which transformers converts it."""
    processor = sentencepiece.SentencePieceProcessor(model_proto=data)
    proto = protobuf.ModelProto()
    proto.ParseFromString(data)
    is_unigram = proto.trainer_spec.model_type == 1
    vocabulary = ([(p.piece, p.score) for p in proto.pieces] if is_unigram
                  else {p.piece: i for i, p in enumerate(proto.pieces)})
    converted = SpmConverter.build_tokenizer_from_spm_proto(proto=proto, vocab=vocabulary)
    converted.add_special_tokens([p.piece for p in proto.pieces if p.type in (2, 3)])
    case = {"ids": [processor.encode(t) for t in TEXTS], "parsesSpecial": False,
            "addsSpecial": False, "decoded": decoded(converted, len(proto.pieces))}
    write(f"{kind}/case.json", case)
    with open(os.path.join(OUT, kind, "tokenizer.model"), "wb") as file:
        file.write(data)
    if not proto.normalizer_spec.precompiled_charsmap:
        write(f"{kind}-gguf/case.json", {**case, "gguf": {
            "model": "t5" if is_unigram else "llama", "tokens": [p.piece for p in proto.pieces],
            "types": [p.type for p in proto.pieces], "scores": [p.score for p in proto.pieces],
            "merges": [], "unk": processor.unk_id()}})
    # The converted tokenizer is one of its own: its splitting differs in rare texts.
    if not IS_SMALL or kind in ("sentencepiece-bpe", "sentencepiece-unigram-map"):
        from_tokenizers(f"{kind}-converted", converted)


SMALL_MAP = os.path.join(OUT, "map.tsv")


def sentencepiece_kinds():
    with open(SMALL_MAP, "w") as file:
        for old, new in [("\u00e9", "e"), ("e\u0301", "e"), ("\uff21", "A"), ("\ufb01", "fi"),
                         ("\u00bd", "1/2"), ("\u00a0", " "), ("\u3000", " "), ("\t", " "),
                         ("\u200b", ""), ("\u2460", "1"), ("\u0085", " ")]:
            points = [" ".join(f"{ord(c):X}" for c in text) for text in (old, new)]
            file.write("\t".join(points) + "\n")
    rules = ({"normalization_rule_tsv": SMALL_MAP} if IS_SMALL
             else {"normalization_rule_name": "nmt_nfkc"})
    plain = {"normalization_rule_name": "identity", "remove_extra_whitespaces": False}
    size = 500 if IS_SMALL else 1500
    from_sentencepiece("sentencepiece-bpe", sentencepiece_model(
        model_type="bpe", vocab_size=size, byte_fallback=True, character_coverage=0.98,
        user_defined_symbols=["<user>", "12"], control_symbols=["<ctl>"],
        allow_whitespace_only_pieces=True, **plain))
    from_sentencepiece("sentencepiece-bpe-map", sentencepiece_model(
        model_type="bpe", vocab_size=size, character_coverage=0.98, **rules))
    from_sentencepiece("sentencepiece-unigram", sentencepiece_model(
        model_type="unigram", vocab_size=size, byte_fallback=True, character_coverage=0.98, **plain))
    from_sentencepiece("sentencepiece-unigram-map", sentencepiece_model(
        model_type="unigram", vocab_size=size, character_coverage=0.98,
        user_defined_symbols=["<user>"], **rules))
    from_sentencepiece("sentencepiece-unigram-suffix", sentencepiece_model(
        model_type="unigram", vocab_size=size, treat_whitespace_as_suffix=True,
        split_by_whitespace=False, add_dummy_prefix=True, character_coverage=0.98, **rules))
    os.remove(SMALL_MAP)


# ------------------------------------------------------------------ tokenizers

def from_tokenizers(kind, tokenizer, gguf=None, special=True):
    size = tokenizer.get_vocab_size()
    case = {"ids": [e.ids for e in tokenizer.encode_batch(TEXTS, add_special_tokens=special)],
            "parsesSpecial": True, "addsSpecial": special, "decoded": decoded(tokenizer, size)}
    write(f"{kind}/case.json", case)
    write(f"{kind}/tokenizer.json", json.loads(tokenizer.to_str()))
    if gguf:
        write(f"{kind}-gguf/case.json", {**case, "gguf": gguf})


def trained(tokenizer, trainer):
    # In GGUF's form of WordPiece, \u2581 marks the start of a word and cannot stand in one.
    texts = TRAINING
    if isinstance(trainer, trainers.WordPieceTrainer):
        texts = [text.replace("\u2581", "") for text in TRAINING]
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


SPECIAL = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]


def word_pieces():
    for kind, lowercase in [("wordpiece-uncased", True), ("wordpiece-cased", False)]:
        tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=20
                                               if lowercase else 100))
        tokenizer.normalizer = normalizers.BertNormalizer(
            lowercase=lowercase, strip_accents=None, handle_chinese_chars=True)
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        tokenizer.decoder = decoders.WordPiece(cleanup=lowercase)
        trained(tokenizer, trainers.WordPieceTrainer(
            vocab_size=600, special_tokens=SPECIAL, limit_alphabet=250, show_progress=False))
        tokenizer.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
        tokens = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().get)
        phantom = [t if t in SPECIAL else t[2:] if t.startswith("##") else "\u2581" + t
                   for t in tokens]
        gguf = {"model": "bert", "tokens": phantom, "scores": [], "merges": [],
                "types": [3 if t in SPECIAL else 1 for t in tokens], "unk": 0, "cls": 1, "sep": 2}
        # A GGUF file has no place for the greatest length of a word.
        from_tokenizers(kind, tokenizer)
        if lowercase:
            tokenizer.model.max_input_chars_per_word = 100
            from_tokenizers("wordpiece-long", tokenizer, gguf)

    words = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    words.normalizer = normalizers.Sequence([
        normalizers.Nmt(), normalizers.NFD(), normalizers.StripAccents(),
        normalizers.Strip(left=True, right=True)])
    words.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Whitespace(), pre_tokenizers.UnicodeScripts(),
        pre_tokenizers.Punctuation("merged_with_next"), pre_tokenizers.CharDelimiterSplit("_")])
    words.post_processor = processors.RobertaProcessing(("[SEP]", 2), ("[CLS]", 1))
    from_tokenizers("wordlevel", trained(words, trainers.WordLevelTrainer(
        vocab_size=800, special_tokens=SPECIAL, show_progress=False)))


REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
CONTRACTION = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
FIRST = r"[^\r\n\p{L}\p{N}]?"
SLASH = REST.replace(r"[\r\n]*|", r"[\r\n/]*|", 1)
# The expressions of the families' own tokenizer.json files, by llama.cpp's name.
EXPRESSIONS = {
    "llama-bpe": [CONTRACTION + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}" + REST],
    "qwen2": [CONTRACTION + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}" + REST],
    "qwen35": [CONTRACTION + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"
               r"|\s*[\r\n]+|\s+(?!\S)|\s+"],
    "tekken": [f"{FIRST}{UPPER}*{LOWER}+|{FIRST}{UPPER}+{LOWER}*" r"|\p{N}" + SLASH],
    "gpt-4o": [f"{FIRST}{UPPER}*{LOWER}+{CONTRACTION}?|{FIRST}{UPPER}+{LOWER}*{CONTRACTION}?"
               r"|\p{N}{1,3}" + SLASH],
    "deepseek-coder": ["[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", "[一-龥ࠀ-一가-\ud7ff]+", r"\p{N}"],
    "deepseek-v3": [r"\p{N}{1,3}", "[一-龥\u3040-ゟ゠-ヿ]+",
                    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?"
                    r"[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"],
    "bloom": [r" ?[^(\s|[.,!?…。，、।۔،])]+"],
    "superbpe": [r"\p{N}+", r"(?=(\d{3})+(?!\d))"],
    "bailingmoe": [r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*"
                   r"|\s*[\r\n]|\s+(?!\S)|\s+"],
    "exaone-moe": [CONTRACTION + r"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}"
                   r"| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+"],
    "gpt-2": [], "smollm": [],
}


def byte_level(kind):
    tokenizer = Tokenizer(models.BPE(ignore_merges=kind in ("llama-bpe", "tekken")))
    if kind.startswith("qwen"):
        tokenizer.normalizer = normalizers.NFC()
    steps = [pre_tokenizers.Split(Regex(e), "isolated") for e in EXPRESSIONS[kind]]
    if kind == "smollm":
        steps.append(pre_tokenizers.Digits(individual_digits=True))
    steps.append(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=not EXPRESSIONS[kind]))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps)
    tokenizer.decoder = decoders.ByteLevel()
    trained(tokenizer, trainers.BpeTrainer(
        vocab_size=600 if IS_SMALL else 2000, show_progress=False, special_tokens=["<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    vocabulary = tokenizer.get_vocab()
    tokens = sorted(vocabulary, key=vocabulary.get)
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    from_tokenizers(f"bpe-{kind}", tokenizer, special=False, gguf={
        "model": "gpt2", "pre": kind, "tokens": tokens, "scores": [],
        "types": [3 if t in ("<s>", "</s>") else 1 for t in tokens],
        "merges": [m if isinstance(m, str) else " ".join(m) for m in merges]})


def affixed():
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(r"'s|'t|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"), "removed", invert=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trained(tokenizer, trainers.BpeTrainer(
        vocab_size=700, show_progress=False, special_tokens=["<unk>", "<s>"],
        end_of_word_suffix="</w>"))
    from_tokenizers("bpe-suffix", tokenizer)

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", continuing_subword_prefix="##"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.decoder = decoders.WordPiece()
    trained(tokenizer, trainers.BpeTrainer(
        vocab_size=700, show_progress=False, special_tokens=["<unk>", "<s>"], limit_alphabet=150,
        continuing_subword_prefix="##"))
    from_tokenizers("bpe-prefix", tokenizer)

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.ByteLevel()
    tokenizer.pre_tokenizer = pre_tokenizers.FixedLength(7)
    tokenizer.decoder = decoders.ByteLevel()
    trained(tokenizer, trainers.BpeTrainer(
        vocab_size=500, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    from_tokenizers("bpe-normalized", tokenizer)


write("texts.json", {"texts": TEXTS})
sentencepiece_kinds()
word_pieces()
for name in (["tekken", "deepseek-v3", "bloom"] if IS_SMALL else EXPRESSIONS):
    byte_level(name)
affixed()
if not IS_SMALL:
    with open(os.path.join(OUT, "speed.txt"), "w") as file:
        for _ in range(60000):
            file.write(sentence() + "\n")
