"""Writes digests.json: SHA-256 of ids (joined by spaces) where texts are too many to commit.

    pip install tokenizers==0.23.3 tiktoken==0.14.0 && python make_digests.py DATA

scalars   per pattern: of the ids of every scalar c as "a" + c + U+0345 + "1" + c, with tokenizer-PATTERN.json
random    per pattern: of 5,000 strings drawn by `draw`, which the test repeats
real      DATA holds tokenizers/gpt2, tokenizers/qwen, mmlu and corpora: per file, by tokenizer. For GPT-2 and
          Qwen both tokenizers and tiktoken are asked and must agree.
"""

import base64
import hashlib
import json
import pathlib
import sys
import unicodedata

import tiktoken
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

HERE = pathlib.Path(__file__).parent
PATTERNS = ["gpt2", "llama3", "qwen2", "smollm", "cl100k"]
POOL = (
    " \n\r\t\u00a0\u2003\u0085\u2028\u180e\u200b\ufeff\x0b\x0c\x1c'sStTlLmMdDrReEvVaZ09.,-_(\"<|>/éßſıİK\u212a"
    "\u0301\u0308\u0323\u0345\u200dⅧ½٣क\u093c日\u1112\u1161\u11abกำ👍🏽\ufe0f\U0001d7d8\U00010d4a\U00011bc0\ua7cb"
    "\ufffd\x00\ud7ff\ue000\U0010ffff▁\u0958\u1e9b\u0344\u2126\U00011935\U00011930\u0897\u1acf\U00016d67\U00016d63"
)


class Draw:
    """Knuth's MMIX generator; its upper half."""

    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 32) % n

    def scalar(self):
        limit = [0x80, 0x800, 0x3000, 0xD800, 0x20000, 0x110000][self.below(6)]
        c = self.below(limit)
        return chr(0xFFFD if 0xD800 <= c < 0xE000 else c)

    def string(self):
        parts = []
        for _ in range(1 + self.below(24)):
            c = POOL[self.below(len(POOL))] if self.below(3) else self.scalar()
            parts.append(c * (1 if self.below(8) else 1 + self.below(30)))
        return "".join(parts)


def digest(ids):
    return hashlib.sha256(" ".join(map(str, ids)).encode()).hexdigest()


def joined(tokenizer, texts):
    return digest(i for e in tokenizer.encode_batch(texts, add_special_tokens=False) for i in e.ids)


def gpt2(folder):
    encoder = json.loads((folder / "encoder.json").read_text())
    lines = (folder / "vocab.bpe").read_text().split("\n")[1:]
    merges = [tuple(line.split(" ")) for line in lines if line]
    tokenizer = Tokenizer(models.BPE(vocab=encoder, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.add_special_tokens(["<|endoftext|>"])
    alphabet = {c: b for b, c in zip(range(256), byte_alphabet())}
    ranks = {
        bytes(alphabet[c] for c in token): id for token, id in encoder.items() if token != "<|endoftext|>"
    }
    pattern = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"
    other = tiktoken.Encoding("gpt2", pat_str=pattern, mergeable_ranks=ranks,
                              special_tokens={"<|endoftext|>": 50256})
    return tokenizer, lambda text: other.encode(text, allowed_special="all")


def byte_alphabet():
    plain = set(range(33, 127)) | set(range(161, 173)) | set(range(174, 256))
    extra = iter(range(256, 512))
    return [chr(b) if b in plain else chr(next(extra)) for b in range(256)]


def qwen(path):
    ranks = {base64.b64decode(a): int(b) for a, b in map(bytes.split, path.read_bytes().splitlines())}
    alphabet = byte_alphabet()
    spell = lambda token: "".join(alphabet[b] for b in token)
    merges = []
    for token, rank in ranks.items():
        parts = [bytes([b]) for b in token]
        while len(parts) > 2:
            pairs = [ranks.get(a + b, rank) for a, b in zip(parts, parts[1:])]
            at = pairs.index(min(pairs))
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        if len(parts) == 2:
            merges.append((spell(parts[0]), spell(parts[1])))
    llama = (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
        r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    )
    tokenizer = Tokenizer(models.BPE(vocab={spell(t): r for t, r in ranks.items()}, merges=merges))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(llama), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokenizer.add_special_tokens(specials)
    other = tiktoken.Encoding("qwen", pat_str=llama, mergeable_ranks=ranks,
                              special_tokens={t: len(ranks) + i for i, t in enumerate(specials)})
    return tokenizer, lambda text: other.encode(unicodedata.normalize("NFC", text), allowed_special="all")


def real(data):
    files = sorted((data / "mmlu/test").glob("*.csv"))
    files += [data / "corpora/tinystories/tinystories_train_first2MiB.txt",
              data / "corpora/wikitext-2/valid.txt", data / "gsm8k/test.jsonl"]
    texts = {str(f.relative_to(data)): f.read_bytes().decode(errors="replace") for f in files}
    udhr = json.loads((HERE / "udhr.json").read_text())["texts"]
    texts |= {f"udhr/{name}": text for name, text in udhr.items()}
    result = {}
    for name, (tokenizer, other) in {
        "gpt2": gpt2(data / "tokenizers/gpt2"), "qwen": qwen(data / "tokenizers/qwen/qwen.tiktoken")
    }.items():
        result[name] = {}
        for path, text in texts.items():
            ids = tokenizer.encode(text, add_special_tokens=False).ids
            assert ids == other(text), (name, path)
            result[name][path] = digest(ids)
    return result


def main():
    result = {"scalars": {}, "random": {}, "real": real(pathlib.Path(sys.argv[1]))}
    scalars = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    draw = Draw(2026)
    strings = [draw.string() for _ in range(5000)]
    for pattern in PATTERNS:
        tokenizer = Tokenizer.from_file(str(HERE / f"tokenizer-{pattern}.json"))
        result["scalars"][pattern] = joined(tokenizer, [f"a{c}\u03451{c}" for c in scalars])
        result["random"][pattern] = joined(tokenizer, strings)
    (HERE / "digests.json").write_text(json.dumps(result, indent=1) + "\n")


main()
