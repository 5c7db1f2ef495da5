"""Writes the tokenizer fixtures beside this file from Hugging Face tokenizers itself.

    pip install tokenizers==0.23.3 && python make_tokenizers.py

texts.json       awkward strings
PATTERN.json     {"pieces": per text, "tokenizer": name of the file trained, "ids": per text,
                  "plainIDs": ids of the texts with special tokens read as plain text}
tokenizer-PATTERN.json      a trained tokenizer as tokenizers saves it
ties.json        small trainings with ties and tokens spelt twice: texts, specials, vocabulary, merges
"""

import json
import pathlib
import random

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

HERE = pathlib.Path(__file__).parent
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
# tiktoken's cl100k_base in the words of Oniguruma, where {1,3}+ and $ mean other things.
CL100K = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+\z|\s*[\r\n]|\s+(?!\S)|\s"
)


def split(pattern):
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), behavior="isolated", invert=False),
            pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True, use_regex=False),
        ]
    )


PATTERNS = {
    "gpt2": pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True, use_regex=True),
    "llama3": split(LLAMA3),
    "qwen2": split(QWEN2),
    "cl100k": split(CL100K),
    "smollm": pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True, use_regex=True),
        ]
    ),
}

AWKWARD = [
    "",
    " ",
    "\n",
    "Hello, world!",
    "I'm, you've he'll THEY'RE it'S we'd 'tis o'clock can't 'ſ x'ſy '' 's",
    "  two  spaces   three \t tab\n\n  newline \r\n crlf\r\rx \n ",
    "a \n  ",
    "a\u00a0b\u3000c\u2028d\u0085e\u200bf\ufeffg\u001ch",
    "1 12 123 1234 12345 ½ Ⅷ ① ٣٤٥ १२३ 𝟘𝟙 3.14 1,000,000 0x1F",
    "नमस्ते दुनिया สวัสดีชาวโลก こんにちは世界 안녕하세요 שלום עולם مرحبا",
    "e\u0301 é n\u0303 \u1112\u1161\u11ab \u212b \ufb01 \u0344 \u1e9b\u0323",
    "👍🏽 👨‍👩‍👧‍👦 🇩🇪 ❤️ \U0001f600\U0001f600",
    "\U00010d4a\U00011bc0\ua7cb new letters; \U000e0001 tag; \U0010ffff last; \ud7ff\ue000",
    "nul\x00in\x00side \x7f \x1b[0m",
    "<|endoftext|>a<|endoftext|><|endoftext|> <|endoftext| >",
    "def f(x):\n    return x ** 2  # square\n\n\nclass A:\n\tpass\n",
    "...!!!???\n\n--- === '\"'\"'\r\n;\n",
    "http://example.org/?q=a%20b&c=d#e user@example.org C++ $5.00 50% @#$%^&*()",
    "a" * 200 + "b" * 100,
    "ab" * 100,
    " " * 100 + "x" + "\n" * 50,
    "the then other mother smother lather rather gather the the the",
]

POOL = list(
    " \n\r\t\u00a0\u2003\u0085'sStTlLmMdDrReEvVaZ09.,-_(\"<|>\\/éßſıİ\u0301\u0308\u200d"
    "Ⅷ½٣क्षि日本語한\u1112\u1161\u11abกำ👍🏽❤\ufe0f\U0001d7d8\U00010d4a\ufffd\x00\x1c"
)


def random_texts(count, seed):
    generator = random.Random(seed)
    return ["".join(generator.choices(POOL, k=generator.randint(1, 40))) for _ in range(count)]


def training_texts():
    """Words with a skewed distribution, so that counts differ and also tie."""
    generator = random.Random(5)
    stems = ["the", "re", "in", "er", "an", "tion", "st", "und", "ить", "会", "한", "é", "12", "7"]
    lexicon = ["".join(generator.choices(stems, k=generator.randint(1, 4))) for _ in range(150)]
    weights = [1 / (rank + 1) for rank in range(len(lexicon))]
    texts = []
    for _ in range(60):
        words = generator.choices(lexicon, weights, k=30)
        texts.append(" ".join(words).capitalize() + generator.choice([".", "!\n", "?\r\n", " \n"]))
    return texts


def make(pattern):
    tokenizer = Tokenizer(models.BPE())
    if pattern == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = PATTERNS[pattern]
    tokenizer.decoder = decoders.ByteLevel(add_prefix_space=True, trim_offsets=True, use_regex=True)
    return tokenizer


def train(pattern, texts, size, specials, frequency):
    tokenizer = make(pattern)
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=frequency,
        special_tokens=specials,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def write(name, value):
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    (HERE / name).write_bytes(text.encode())


def pieces(tokenizer, text):
    if tokenizer.normalizer:
        text = tokenizer.normalizer.normalize_str(text)
    spans = tokenizer.pre_tokenizer.pre_tokenize_str(text)
    return [text[a:b] for _, (a, b) in spans]


def main():
    texts = [t for t in AWKWARD if all(not 0xD800 <= ord(c) < 0xE000 for c in t)]
    texts += random_texts(250, seed=1)
    training = training_texts()
    write("texts.json", {"texts": texts, "training": training})
    for pattern in PATTERNS:
        tokenizer = train(pattern, training + texts, 700, ["<|endoftext|>", "<|pad|>"], 2)
        tokenizer.save(str(HERE / f"tokenizer-{pattern}.json"), pretty=True)
        write(
            f"{pattern}.json",
            {
                "pieces": [pieces(tokenizer, t) for t in texts],
                "ids": [tokenizer.encode(t).ids for t in texts],
                "decoded": [
                    tokenizer.decode(tokenizer.encode(t).ids[:7], skip_special_tokens=False)
                    for t in texts
                ],
            },
        )
    ties = []
    generator = random.Random(9)
    for case in range(40):
        letters = generator.choice(["ab", "abc", "aab ", "abcd "])
        count = generator.randint(1, 6)
        lines = ["".join(generator.choices(letters, k=generator.randint(1, 30))) for _ in range(count)]
        specials = generator.choice([[], ["<s>"], ["ab", "aba"], ["bb", "a", "abab"]])
        frequency = generator.choice([0, 1, 2, 3])
        size = 256 + generator.randint(5, 60)
        tokenizer = train("gpt2", lines, size, specials, frequency)
        model = json.loads(tokenizer.to_str())["model"]
        ties.append(
            {
                "texts": lines,
                "specials": specials,
                "minimumFrequency": frequency,
                "vocabularySize": size,
                "tail": [t for t, i in sorted(model["vocab"].items(), key=lambda x: x[1])][256:],
                "merges": model["merges"],
                "ids": [tokenizer.encode(line).ids for line in lines],
            }
        )
    write("ties.json", ties)


main()
