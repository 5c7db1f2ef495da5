"""Writes found.json: texts by which a comparison with tokenizers found a difference, shortened, and some
like them; and their ids with each tokenizer-PATTERN.json.

    pip install tokenizers==0.23.3 && python make_found.py
"""

import json
import pathlib

from tokenizers import Tokenizer

HERE = pathlib.Path(__file__).parent
# Marks of class 0 that decompose to marks of other classes, after marks that they belong before.
TEXTS = [
    "\u0f71\u0f72\u0f73'RE", "a\u0f72\u0f73", "\u0f40\u0f72\u0f73", "\u0f72\u0f71", "\u0f74\u0f75x", "\u0f80\u0f81\u0f72",
    "e\u0301\u0344", "\u0344", "\u03b9\u0344", "\u0323\u0344\u0323", "\u0f73\u0f39", "\u0f75\u0f35\u0f73\u0f72",
]


def main():
    found = {"texts": TEXTS}
    for pattern in ["gpt2", "llama3", "qwen2", "smollm", "cl100k"]:
        tokenizer = Tokenizer.from_file(str(HERE / f"tokenizer-{pattern}.json"))
        found[pattern] = [tokenizer.encode(t).ids for t in TEXTS]
    (HERE / "found.json").write_text(json.dumps(found, separators=(",", ":")) + "\n")


main()
