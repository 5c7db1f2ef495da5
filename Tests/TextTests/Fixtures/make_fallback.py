"""Writes fallback.json and tokenizer-fallback-*.json: SentencePiece-style BPE with byte fallback, trained
by Hugging Face tokenizers on the texts of texts.json.

    pip install tokenizers==0.23.3 sentencepiece==0.2.3 && python make_fallback.py

BpeTrainer has no byte fallback and knows no coverage, so it is given them: the tokens of the 256 bytes as
special tokens (afterwards they are no added tokens), and a Split that takes out the characters that the
alphabet leaves out. Which those are is checked against SentencePiece's own trainer.

[{"file", "coverage", "splitDigits", "specials", "vocabularySize", "ids", "decoded", "plain"}]
"""

import io
import json
import pathlib
import unicodedata
from collections import Counter

import sentencepiece
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

HERE = pathlib.Path(__file__).parent
FILE = json.loads((HERE / "texts.json").read_text())
TEXTS = FILE["texts"]
EXTRA = [
    "Ünïcödé 👍🏽 ▁a  b   c", "123 4567 ½ x9 ٣٤", "<0x0A> <0xE2>", "a\nb\r\n c\t\td", "  two", "the re\u0301 ить 会会",
    "<|pad|>the<|pad|> the <|endoftext|>\nthe",
]
BYTES = [f"<0x{b:02X}>" for b in range(256)]


def alphabet(texts, coverage):
    counts = Counter()
    for text in texts:
        text = text.replace(" ", "▁")
        counts.update(c for c in ("" if text.startswith("▁") or not text else "▁") + text
                      if unicodedata.category(c) != "Cc")
    total, covered, chosen = sum(counts.values()), 0, {"▁"}
    for c, n in sorted(counts.items(), key=lambda x: (-x[1], x[0])):
        if covered / total >= coverage:
            break
        covered += n
        chosen.add(c)
    return sorted(chosen)


def check_alphabet(coverage):
    """Against SentencePiece, on lines that both treat alike."""
    lines = [" ".join(t.split()) for t in FILE["training"] + TEXTS]
    lines = [t for t in lines if t and "▁" not in t and all(unicodedata.category(c) != "Cc" for c in t)]
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=out, model_type="bpe", vocab_size=1200,
        character_coverage=coverage, byte_fallback=True, normalization_rule_name="identity",
        remove_extra_whitespaces=False, hard_vocab_limit=False, minloglevel=2)
    model = sentencepiece.SentencePieceProcessor(model_proto=out.getvalue())
    theirs = {model.id_to_piece(i) for i in range(model.vocab_size())}
    theirs = {t for t in theirs if len(t) == 1}
    assert theirs == set(alphabet(lines, coverage)), theirs ^ set(alphabet(lines, coverage))


def train(texts, coverage, digits, specials, size):
    kept = alphabet(texts, coverage)
    meta = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first", split=True)
    cut = [meta] + ([pre_tokenizers.Digits(individual_digits=True)] if digits else [])
    others = "[^" + "".join(f"\\x{{{ord(c):x}}}" for c in kept) + "]"
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.Sequence(cut + [pre_tokenizers.Split(Regex(others), "removed")])
    learner.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=size, min_frequency=2, special_tokens=specials + BYTES, initial_alphabet=["▁"],
        show_progress=False))
    model = json.loads(learner.to_str())["model"]
    assert list(model["vocab"]) [: len(specials) + 256 + len(kept)] == specials + BYTES + kept
    # exp never lets a merge spell a byte or a special token, tokenizers does.
    assert not any(a + b in specials + BYTES for a, b in model["merges"])
    merges = [tuple(m) for m in model["merges"]]
    tokenizer = Tokenizer(models.BPE(vocab=model["vocab"], merges=merges, byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(cut) if digits else meta
    tokenizer.decoder = decoders.Sequence([
        decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tokenizer.add_special_tokens(specials)
    return tokenizer


def main():
    result = []
    for coverage in [0.98, 0.99, 0.9995]:
        check_alphabet(coverage)
    texts = EXTRA + TEXTS
    for name, coverage, digits, specials, size in [
        ("digits", 0.9, True, ["<|endoftext|>", "<|pad|>"], 600),
        ("whole", 1.0, False, ["<unk>", "<|pad|>"], 1000),
    ]:
        tokenizer = train(FILE["training"] + TEXTS, coverage, digits, specials, size)
        tokenizer.save(str(HERE / f"tokenizer-fallback-{name}.json"), pretty=True)
        ids = [tokenizer.encode(t).ids for t in texts]
        case = {
            "file": f"tokenizer-fallback-{name}.json", "coverage": coverage, "splitDigits": digits,
            "specials": specials, "vocabularySize": size, "ids": ids,
            "decoded": [tokenizer.decode(i, skip_special_tokens=False) for i in ids],
        }
        tokenizer.encode_special_tokens = True
        case["plain"] = [tokenizer.encode(t).ids for t in EXTRA]
        result.append(case)
    file = {"extra": EXTRA, "cases": result}
    (HERE / "fallback.json").write_bytes(json.dumps(file, ensure_ascii=False, separators=(",", ":")).encode())


main()
