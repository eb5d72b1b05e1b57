# SPDX-License-Identifier: Apache-2.0
# Writes corpus.json, smollm2.json, small-*.json and normal-forms.json: what Hugging Face
# tokenizers make of a nasty corpus. Run with the folder of the default model
# (.deps/models); needs the packages `transformers`, `tokenizers` and `gguf`. A second argument
# is a folder with the tokenizer files that Temper wrote for the model: AutoTokenizer must load
# them and give the same identifiers and texts.
#
# transformers converts the vocabulary of SmolLM2's GGUF file but drops the `Digits` of its
# pre-tokenizer, so that is put back here: it is Sequence[Digits(individual), ByteLevel].
import json
import os
import random
import sys
import unicodedata

from tokenizers import (
    AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors,
    trainers,
)

HERE = os.path.dirname(os.path.abspath(__file__))
random.seed(20240607)

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
CASED = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+"
    r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")

# ------------------------------------------------------------------ the corpus

NASTY = [
    "", " ", "  ", "\n", "\r\n", "\t", "\0", "a", "Hello, world!", " leading", "trailing ",
    "  two", "two  ", "a  b", "a   b    c", "a\nb", "a\r\nb\r\n\r\nc", "a \n b", "\n\n\n", " \n ",
    "line\n\n  indented\n\tтab\n", "x\u000by\u000cz\u0085w\u2028v\u2029u", "\u00a0nbsp\u3000ideographic",
    "\u1680\u2000\u200a\u202f\u205f", "zero\u200bwidth\u200cnon\u200djoiner\ufeffbom",
    # numbers and what precedes them
    "1", "12", "123", "1234", "1234567890", " 1", "  1", "   12 34", "a1b2", "3.14159", "1,000,000",
    "-5", "+49 (0)30/1234", "x = 1\n  2\n\t3", "v1.2.3-rc4", "½ ¾ ² ³ ¹²³", "Ⅷ ⅷ ①②③ ⓪",
    "٠١٢٣٤ ०१२३४ ๐๑๒๓", "一二三 万", "𝟎𝟏𝟐 𝟘𝟙", "²³", "  ½", "5️⃣", "1\u20e3", "\U00011de0\U00011de5\U00016ff4",
    # contractions
    "it's I'm you're they've we'll he'd don't", "IT'S I'M YOU'RE THEY'VE WE'LL HE'D DON'T",
    "It'S 'Ll 'vE", "'s't're've'm'll'd", "a'ſb", "it’s", "''s", "' s", "'", "'l", "'v", "rock 'n' roll",
    # punctuation and code
    "!!!???...", "a.b,c;d:e", "<html>&amp;</html>", "#include <stdio.h>\nint main(){return 0;}",
    "def f(x):\n    return x**2  # square\n", "{\"a\": [1, 2.5e-3, null]}", "https://example.org/a?b=c&d=%20#e",
    "user@example.org", "C:\\Temp\\new", "$100 €5 £3 ¥7 ₿1", "→←↑↓ ∀∃∈ ∑∏∫", "¡¿ «» „“ ‚‘", "___a__b_",
    "~`!@#$%^&*()_+-=[]\\{}|;':\",./<>?", "a/\n/b", "!\n!", ")\r\n\r\n(", " .\n", "  .", " \u00a0.",
    # scripts
    "Grüße, Jürgen! Straße ẞ", "naïve café coöperate", "Ελληνικά Σίσυφος", "Привет, мир! Ёжик",
    "Українська їжак", "שלום עולם", "שָׁלוֹם", "مرحبا بالعالم", "اَلْعَرَبِيَّةُ", "\u202bRTL\u202c mix אבג 123",
    "नमस्ते दुनिया क्षत्रिय", "বাংলা ভাষা", "ਪੰਜਾਬੀ", "ગુજરાતી", "தமிழ் மொழி", "తెలుగు", "ಕನ್ನಡ", "മലയാളം",
    "සිංහල", "ภาษาไทยไม่มีช่องว่าง", "ພາສາລາວ", "བོད་སྐད།", "မြန်မာဘာသာ", "ქართული", "Հայերեն", "አማርኛ",
    "ភាសាខ្មែរ", "ᠮᠣᠩᠭᠣᠯ", "한국어 단어 띄어쓰기", "한국어", "日本語の文章です。", "カタカナ ﾊﾝｶｸ", "中文字符測試，简体。",
    "㐀㐁𠀀𠀁", "ᏣᎳᎩ", "ᐃᓄᒃᑎᑐᑦ", "ⵜⵉⴼⵉⵏⴰⵖ", "𐎠𐎡𐎢", "𒀀𒀁", "𓀀𓀁", "𐍈𐍉", "ߒߞߏ", "ꦗꦮ", "Tiếng Việt ặ ợ ữ",
    # combining marks, both normal forms
    "é e\u0301", "Å A\u030a \u212b", "ñ n\u0303", "ệ e\u0323\u0302 e\u0302\u0323", "가 \u1100\u1161 각 \u1100\u1161\u11a8",
    "Z̷͇͑a̵l̶g̸o̴ ţ̸̼e̵x̶t̸", "\u0301 lone mark", "a\u0301\u0302\u0303\u0304\u0305", "ﬁ ﬂ ﬀ ﬃ ﬆ", "ﬡ שׁ", "Ω Ω K K",
    "①⑳ ㎏ ㍿ ｆｕｌｌ", "ʼn ŉ ǰ", "İ ı i̇ I", "ǅ ǆ Ǆ", "\u0345\u0f73\u0f75", "\u2126\u212a",
    # emoji
    "😀😃😄", "👍🏽 👩‍💻 👨‍👩‍👧‍👦 🏳️‍🌈 🏴‍☠️", "🇩🇪🇫🇷🇯🇵", "❤️ ❤ ☺︎ ☺️", "🧑🏿‍🤝‍🧑🏻", "🫠🫨🪿", "a😀b1😀 2", "©®™ ‼️ #️⃣",
    # control, private use, unassigned and the last code points
    "\u0001\u0002\u001b[0m\u007f", "\u0080\u009f", "\u00ad soft", "\ue000\uf8ff\U000f0000", "\ufffe\uffff\ufffd",
    "\U0010ffff\U0010fffe", "\u0378\u0380", "\u0000a\u0000b", "\u061c\u200e\u200f\u2066x\u2069", "\U000e0041\U000e007f",
    "\u088f\ua7ce\ua7d2\U00010940",
    # added tokens inside text
    "<|im_start|>user\nHi<|im_end|>\n", "<|im_start|><|im_end|>", "a<|im_end|>b", " <|im_end|> ", "<|im_end|",
    "<|im_start|", "<<|im_end|>>", "<|endoftext|><|endoftext|>", "x <repo_name> y", "<reponame><repo_name>",
    "<file_sep>a<filename>b<gh_stars>", "<jupyter_start><jupyter_text>1<empty_output>", "<|IM_END|>", "<| im_end |>",
    "[KEEP]x [KEEP] y", "a [LEFT] b [RIGHT] c", "WORD aWORD WORDb WORD.", "  [LEFT][RIGHT]  \n x", "Caf\u00e9 Cafe\u0301 x",
    "<s> hello </s>", "<unk>", "<0x41>", "▁a ▁▁b", "a▁b", "ĠaĊb", "Ġ", "Â", "[LEFT]\u3000[LEFT]", "[RIGHT] [LEFT]",
    # long words
    "a" * 300, "ab" * 200, " " * 130, "\n" * 70, "=" * 100, "1" * 80, "é" * 120, "😀" * 60,
    "Donaudampfschifffahrtsgesellschaftskapitänsmütze" * 3, "x" + " " * 63 + "y", "\t" * 40 + "z",
    "thequickbrownfoxjumpsoverthelazydog" * 4,
]

POOLS = [
    "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789", " ", " ", "  \n\t\r",
    "'.,!?;:-_()[]{}<>/\\|@#$%^&*+=~`\"", "äöüßéèêñçåøæœ", "абвгдежзий", "αβγδεςσ", "אבגדה", "ابتثج",
    "अआइईक्षत्र", "一二三四五日本語", "가나다라한글", "😀👍🏽❤️👩‍💻🇩🇪", "\u0301\u0308\u0323\u200d\u200b\ufe0f", "½²³①Ⅷ٣५",
    "\u00a0\u2003\u3000\u0085\u2028\u000b\u001c\u001f",
]
PIECES = ["'s", "'RE", "'ll", "<|im_end|>", "<|im_start|>", "[LEFT]", "[RIGHT]", "WORD", "\r\n", "  1", "the ", " and", "ing"]


def random_text():
    kind = random.random()
    length = random.choice([1, 2, 3, 5, 8, 13, 21, 34])
    if kind < 0.15:  # any code points at all
        points = []
        while len(points) < length:
            c = random.choice([random.randrange(0x250), random.randrange(0x3000), random.randrange(0x20000), random.randrange(0x110000)])
            if not 0xD800 <= c <= 0xDFFF:
                points.append(chr(c))
        return "".join(points)
    pools = random.sample(POOLS, random.choice([1, 2, 3, 5]))
    text = ""
    for _ in range(length):
        text += random.choice(PIECES) if random.random() < 0.08 else random.choice(random.choice(pools))
    return text


corpus = NASTY + [random_text() for _ in range(1000)]
assert len(set(NASTY)) == len(NASTY)


def write(name, value):
    with open(os.path.join(HERE, name), "w") as file:
        json.dump(value, file, separators=(",", ":"))
        file.write("\n")


write("corpus.json", {"nasty": len(NASTY), "texts": corpus})


def ids(tokenizer, texts, special=True):
    return [e.ids for e in tokenizer.encode_batch(texts, add_special_tokens=special)]


def decoded(tokenizer, count):
    """Random token sequences and their texts, with and without special tokens."""
    size = tokenizer.get_vocab_size()
    result = []
    for _ in range(count):
        tokens = [random.randrange(size + 2 if random.random() < 0.02 else size) for _ in range(random.randrange(1, 12))]
        result.append({
            "ids": tokens, "text": tokenizer.decode(tokens, skip_special_tokens=False),
            "plain": tokenizer.decode(tokens, skip_special_tokens=True)})
    return result


# ------------------------------------------------------------------ SmolLM2

def smollm2(folder):
    from transformers import AutoTokenizer
    file = "smollm2-135m-instruct.gguf"
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=file).backend_tokenizer
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True, use_regex=True)
    tokenizer.pre_tokenizer = byte_level
    without = ids(tokenizer, corpus)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), byte_level])
    true = ids(tokenizer, corpus)
    different = [t for t, a, b in zip(corpus, without, true) if a != b]
    print(f"smollm2: {len(different)} of {len(corpus)} texts differ without Digits, such as")
    for text in sorted(different, key=len)[:8]:
        print("   ", ascii(text), tokenizer.encode(text).tokens)
    no_digit = [t for t in different if not any(unicodedata.category(c)[0] == "N" for c in t)]
    print("    of them without any digit:", [ascii(t) for t in no_digit])
    texts = decoded(tokenizer, 400)
    tokenizer.encode_special_tokens = True
    unparsed = ids(tokenizer, NASTY)
    tokenizer.encode_special_tokens = False
    components = json.loads(tokenizer.to_str())
    del components["model"]
    write("smollm2.json", {
        "ids": true, "unparsed": unparsed, "decoded": texts, "components": components})


def check(folder):
    from transformers import AutoTokenizer
    with open(os.path.join(HERE, "smollm2.json")) as file:
        golden = json.load(file)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert tokenizer(corpus)["input_ids"] == golden["ids"]
    for case in golden["decoded"]:
        assert tokenizer.decode(case["ids"]) == case["text"]
        assert tokenizer.decode(case["ids"], skip_special_tokens=True) == case["plain"]
    print("transformers agrees with", folder)


# ------------------------------------------------------------------ small tokenizers

def train(tokenizer, size, alphabet=None, special=()):
    text = [t for t in corpus if t] + ["the cat sat on the mat and there they thought of the other thing"] * 5
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=alphabet or [], special_tokens=list(special),
        show_progress=False)
    tokenizer.train_from_iterator(text, trainer)
    return tokenizer


def flagged():
    return [
        AddedToken("[KEEP]", normalized=True, special=False),
        AddedToken("[LEFT]", lstrip=True, normalized=False, special=True),
        AddedToken("[RIGHT]", rstrip=True, normalized=False, special=False),
        AddedToken("WORD", single_word=True, normalized=False, special=False),
        AddedToken("Cafe\u0301", normalized=True, special=False),
    ]


def small(name, tokenizer, edit=None):
    value = json.loads(tokenizer.to_str())
    if edit:
        edit(value)
        tokenizer = Tokenizer.from_str(json.dumps(value))
    texts = NASTY + corpus[len(NASTY)::5]
    tokenizer.encode_special_tokens = False
    with_special = ids(tokenizer, texts)
    plain = ids(tokenizer, NASTY, special=False)
    sequences = decoded(tokenizer, 60)
    tokenizer.encode_special_tokens = True
    write(f"small-{name}.json", {
        "tokenizer": value, "ids": with_special, "plain": plain,
        "unparsed": ids(tokenizer, NASTY), "decoded": sequences})


def byte_level(*splits, prefix=False, regex=False):
    return pre_tokenizers.Sequence(
        [*splits, pre_tokenizers.ByteLevel(add_prefix_space=prefix, use_regex=regex)])


def split(pattern, behaviour="isolated", invert=False):
    return pre_tokenizers.Split(pattern, behaviour, invert)


def small_tokenizers():
    alphabet = pre_tokenizers.ByteLevel.alphabet()

    llama3 = Tokenizer(models.BPE())
    llama3.pre_tokenizer = byte_level(split(Regex(LLAMA3)))
    llama3.decoder = decoders.ByteLevel()
    train(llama3, 420, alphabet, ["<|im_start|>", "<|im_end|>", "<s>"])
    llama3.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(
            single="<s> $A <|im_end|>", pair="<s> $A <s> $B",
            special_tokens=[("<s>", 2), ("<|im_end|>", 1)])])

    def unreachable(value):
        # Tokens that no merge makes: found only where merges are ignored.
        value["model"]["ignore_merges"] = True
        for token in ["Ġhello", "world", "Hello"]:
            value["model"]["vocab"].setdefault(token, len(value["model"]["vocab"]))
    small("llama3", llama3, unreachable)

    qwen2 = Tokenizer(models.BPE())
    qwen2.normalizer = normalizers.NFC()
    qwen2.pre_tokenizer = byte_level(split(Regex(QWEN2)))
    qwen2.decoder = decoders.ByteLevel()
    train(qwen2, 420, alphabet, ["<|im_start|>", "<|im_end|>"])
    qwen2.add_tokens(flagged())

    def old_merges(value):
        value["model"]["merges"] = [" ".join(pair) for pair in value["model"]["merges"]]
    small("qwen2", qwen2, old_merges)

    gpt2 = Tokenizer(models.BPE(unk_token="<unk>"))
    gpt2.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    gpt2.decoder = decoders.ByteLevel()
    gpt2.post_processor = processors.ByteLevel(trim_offsets=True)
    train(gpt2, 360, special=["<unk>", "<s>"])  # no alphabet: some bytes are unknown
    gpt2.add_tokens(flagged())
    small("gpt2", gpt2)

    fallback = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    fallback.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    fallback.decoder = decoders.Sequence([
        decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
        decoders.Strip(" ", 1, 0)])
    train(fallback, 420, special=["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)])
    small("fallback", fallback, lambda value: value.update(
        added_tokens=[t for t in value["added_tokens"] if not t["content"].startswith("<0x")]))

    for scheme in ("always", "first", "never"):
        metaspace = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=scheme == "first"))
        metaspace.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme, split=scheme != "never")
        metaspace.decoder = decoders.Metaspace(prepend_scheme=scheme)
        train(metaspace, 300, special=["<unk>", "<s>", "[LEFT]"])
        small(f"metaspace-{scheme}", metaspace)

    cased = Tokenizer(models.BPE())
    cased.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex("[aeiou]{2}"), "$0")])
    cased.pre_tokenizer = byte_level(split(Regex(CASED), "removed", True))
    cased.decoder = decoders.ByteLevel()
    train(cased, 400, alphabet)
    small("cased", cased)

    splits = Tokenizer(models.BPE())
    splits.normalizer = normalizers.Sequence([normalizers.NFKD(), normalizers.Lowercase()])
    splits.pre_tokenizer = byte_level(
        split(",", "merged_with_previous"), split(Regex(r"[\r\n]"), "merged_with_next"),
        split(Regex(r"\s+"), "contiguous"), split("x", "removed"),
        pre_tokenizers.Digits(individual_digits=False), prefix=True, regex=True)
    splits.decoder = decoders.ByteLevel()
    train(splits, 380, alphabet)
    small("splits", splits)


def normal_forms():
    forms = {"NFC": normalizers.NFC(), "NFD": normalizers.NFD(), "NFKC": normalizers.NFKC(), "NFKD": normalizers.NFKD()}
    texts = NASTY + corpus[len(NASTY)::3]
    write("normal-forms.json", {
        name: {t: n.normalize_str(t) for t in texts if n.normalize_str(t) != t} for name, n in forms.items()})


smollm2(sys.argv[1])
small_tokenizers()
normal_forms()
if len(sys.argv) > 2:
    check(sys.argv[2])
