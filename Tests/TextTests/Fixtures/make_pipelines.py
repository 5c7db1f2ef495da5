"""Writes pipelines.json: parts of tokenizer.json put in place of those of a base file, and what
Hugging Face tokenizers gives with them.

    pip install tokenizers==0.23.3 && python make_pipelines.py

[{"name", "base": file or null, "sections": members of tokenizer.json, "texts", "ids", "decoded",
  "skipped": decoded without special tokens, "added": ids with special tokens added,
  "plain": ids with special tokens read as text}]
"""

import json
import pathlib
import random

from tokenizers import Tokenizer

HERE = pathlib.Path(__file__).parent
TEXTS = json.loads((HERE / "texts.json").read_text())["texts"]


def token(id, content, **flags):
    base = {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False}
    return base | {"normalized": False, "special": False} | flags


FLAGGED = [
    token(0, "<|endoftext|>", special=True),
    token(1, "<|pad|>", special=True),
    token(700, "X", single_word=True),
    token(701, "<a>", lstrip=True),
    token(702, "<b>", rstrip=True),
    token(703, "é", normalized=True),
    token(704, "hello", normalized=True, single_word=True),
    token(705, "<c>", lstrip=True, rstrip=True, special=True),
    token(706, "<|end", special=True),
    token(707, "日本"),
    token(708, "  "),
]
EXTRA = [
    "aXb X X.Xé _X X_ ٣X X\u0301 \u200dX", "  <a>  <b>  <c>\n\n<c> <a><a> <b> <b>x", "hello ahello hello! hellohello",
    "e\u0301 é <|end <|endoftext|> <|endof", "日本語 日本  本 \u3000<a>\u3000", "   ", "\u0085<a>\u180e<b>\u2028x",
    "<s>x</s> <unk> <0x0A> ▁▁ x\n\ty", "ünïcödé 👍🏽 ▁a  b   c", "123 4567 ½ x9",
]
META = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
BYTES = {"type": "ByteFallback"}
FUSE = {"type": "Fuse"}


def pieces():
    """A small SentencePiece-like model: specials, bytes, characters, and merges of words."""
    vocabulary = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)]
    merges = []
    vocabulary += list("▁abcdefghijklmnopqrstuvwxyzéü0123456789.,!'")
    generator = random.Random(4)
    for _ in range(120):
        left, right = generator.choices([t for t in vocabulary[259:] if len(t) < 5], k=2)
        if left + right not in vocabulary:
            vocabulary.append(left + right)
        if [left, right] not in merges:
            merges.append([left, right])
    return vocabulary, merges


def sentencepiece(**sections):
    vocabulary, merges = pieces()
    file = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [token(i, vocabulary[i], special=True) for i in range(3)],
        "normalizer": None,
        "pre_tokenizer": None,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [
                {"SpecialToken": {"id": "<s>", "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "</s>", "type_id": 0}},
            ],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {
                "</s>": {"id": "</s>", "ids": [2], "tokens": ["</s>"]},
                "<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]},
            },
        },
        "decoder": {"type": "Sequence", "decoders": [META | {"prepend_scheme": "always"}, BYTES, FUSE]},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "<unk>",
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": True,
            "byte_fallback": True,
            "ignore_merges": False,
            "vocab": {t: i for i, t in enumerate(vocabulary)},
            "merges": merges,
        },
    }
    return file | sections


LLAMA = {
    "normalizer": {
        "type": "Sequence",
        "normalizers": [
            {"type": "Prepend", "prepend": "▁"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        ],
    },
    "decoder": {
        "type": "Sequence",
        "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
            BYTES,
            FUSE,
            {"type": "Strip", "content": " ", "start": 1, "stop": 0},
        ],
    },
}


def model(**options):
    return {"model": sentencepiece()["model"] | options}


CASES = {
    "prefix space": ("tokenizer-gpt2.json", {
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
    }),
    "flagged tokens": ("tokenizer-qwen2.json", {"added_tokens": FLAGGED}),
    "template after bytes": ("tokenizer-llama3.json", {
        "post_processor": {
            "type": "Sequence",
            "processors": [
                {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True},
                {
                    "type": "TemplateProcessing",
                    "single": [
                        {"SpecialToken": {"id": "<|pad|>", "type_id": 0}},
                        {"Sequence": {"id": "A", "type_id": 0}},
                    ],
                    "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                    "special_tokens": {"<|pad|>": {"id": "<|pad|>", "ids": [1], "tokens": ["<|pad|>"]}},
                },
            ],
        },
    }),
    "llama 2": (None, sentencepiece(**LLAMA)),
    "normalized tokens": (None, sentencepiece(**LLAMA, added_tokens=[
        token(0, "<unk>", special=True), token(1, "<s>", special=True, normalized=True),
        token(2, "</s>", special=True, rstrip=True)])),
    "metaspace": (None, sentencepiece(pre_tokenizer=META)),
    "metaspace first": (None, sentencepiece(pre_tokenizer=META | {"prepend_scheme": "first", "split": False})),
    "metaspace never": (None, sentencepiece(
        pre_tokenizer=META | {"prepend_scheme": "never"},
        decoder={"type": "Sequence", "decoders": [META | {"prepend_scheme": "never"}, BYTES, FUSE]})),
    "digits": (None, sentencepiece(pre_tokenizer={
        "type": "Sequence", "pretokenizers": [META, {"type": "Digits", "individual_digits": True}]})),
    "unknown tokens": (None, sentencepiece(**LLAMA) | model(byte_fallback=False, fuse_unk=False)),
    "unknown tokens fused": (None, sentencepiece(**LLAMA) | model(byte_fallback=False)),
    "whole pieces": (None, sentencepiece(pre_tokenizer=META) | model(ignore_merges=True)),
}


def main():
    result = []
    for name, (base, sections) in CASES.items():
        file = (json.loads((HERE / base).read_text()) if base else {}) | sections
        tokenizer = Tokenizer.from_str(json.dumps(file))
        # tokenizers gives ids of its own: those of the vocabulary, else the next ones.
        if "added_tokens" in sections:
            sections["added_tokens"] = json.loads(tokenizer.to_str())["added_tokens"]
        texts = EXTRA + TEXTS[:20:2] + TEXTS[22:40:6]
        ids = [tokenizer.encode(t, add_special_tokens=False).ids for t in texts]
        added = [tokenizer.encode(t, add_special_tokens=True).ids for t in texts]
        case = {
            "name": name,
            "base": base,
            "sections": sections,
            "texts": texts,
            "ids": ids,
            "decoded": [tokenizer.decode(i, skip_special_tokens=False) for i in added],
            "skipped": [tokenizer.decode(i, skip_special_tokens=True) for i in added],
            "added": added,
        }
        tokenizer.encode_special_tokens = True
        case["plain"] = [tokenizer.encode(t, add_special_tokens=False).ids for t in texts]
        result.append(case)
    shared = [c["sections"].pop("model") for c in result if not c["base"]]
    for case, model in zip([c for c in result if not c["base"]], shared):
        case["options"] = {k: v for k, v in model.items() if k not in ("vocab", "merges")}
    out = {"vocab": shared[0]["vocab"], "merges": shared[0]["merges"], "cases": result}
    text = json.dumps(out, ensure_ascii=False, separators=(",", ":"))
    (HERE / "pipelines.json").write_bytes(text.encode())


main()
