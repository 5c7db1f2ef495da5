#!/usr/bin/env python3
"""Writes fasttext/vectors.json and fasttext/model.bin with fastText (pip: fasttext-wheel 0.9.2) for FastTextTests."""

import hashlib
import json
import os
import random
import tempfile

import fasttext

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fasttext")

random.seed(20261125)
COMMON = "the of and to in is that it was for on with as by at from".split()
TOPICS = {
    "physics": "atom energy quark mass field wave gravity élan Ångström 量子 photon".split(),
    "cooking": "salt bread oven soup crème brûlée onion stir taste wok 味噌".split(),
    "law": "court statute appeal judge verdict clause treaty Straßburg plaintiff".split(),
    "sport": "goal match team race champion ball score league 🏀 referee".split(),
}


def sentence(topic):
    words = []
    for _ in range(random.randint(3, 18)):
        words.append(random.choice(TOPICS[topic] if random.random() < 0.4 else COMMON))
    return random.choice([" ", "  ", "\t"]).join(words) + random.choice(["", ".", " "])


def lines():
    names = list(TOPICS)
    result = []
    for index in range(240):
        topic = random.choice(names[: 2 + index % 3])
        labels = [topic] + (["long"] if index % 17 == 0 else [])
        result.append(" ".join("__label__" + label for label in labels) + " " + sentence(topic))
    result.insert(30, "an unlabelled line of the text")
    result.insert(60, "__label__law")
    result.insert(90, "")
    return result


LINES = lines()
ASKED = ["", "quark soup", "the judge and the court of appeal", "量子 photon energy wave", "unseen wörds önly",
         "__label__law atom", "__label__unknown bread", "a\tb\x0bc\x00d goal\x0cmatch", "goal </s> bread",
         "🏀 🏀 🏀 referee", "\xa0oven\u2003salt", "x" * 300, "brûlé crèmes"]
CASES = {
    "plain": dict(dim=16, epoch=5, lr=0.1, thread=1),
    "ngrams": dict(dim=10, epoch=8, lr=0.5, thread=1, wordNgrams=2, minn=2, maxn=4, bucket=300),
    "trigrams": dict(dim=7, epoch=10, lr=0.3, thread=1, wordNgrams=3, bucket=1000, minCount=2, seed=5,
                     lrUpdateRate=10),
    "hierarchical": dict(dim=10, epoch=20, lr=0.4, thread=1, loss="hs"),
    "ova": dict(dim=10, epoch=20, lr=0.4, thread=1, loss="ova", wordNgrams=2, bucket=100),
    "negative": dict(dim=10, epoch=20, lr=0.2, thread=1, loss="ns", neg=3),
    # A learning rate of 0 leaves the weights as many threads made them.
    "untrained": dict(dim=13, epoch=1, lr=0.0, thread=12, minn=1, maxn=3, bucket=97, wordNgrams=2),
}


def main():
    os.makedirs(FOLDER, exist_ok=True)
    cases = []
    with tempfile.TemporaryDirectory() as folder:
        text = os.path.join(folder, "text")
        with open(text, "w", newline="\n") as file:
            file.writelines(line + "\n" for line in LINES)
        for name, options in CASES.items():
            model = fasttext.train_supervised(text, verbose=0, **options)
            path = os.path.join(folder, "model.bin")
            model.save_model(path)
            data = open(path, "rb").read()
            if name == "ngrams":
                open(os.path.join(FOLDER, "model.bin"), "wb").write(data)
            answers = []
            for line in ASKED:
                found = model.f.predict(line + "\n", -1, 0.0, "strict")
                answers.append({"labels": [label for _, label in found], "probabilities": [p for p, _ in found]})
            cases.append({"name": name, "options": options, "words": model.f.getVocab("strict")[0],
                          "sha256": hashlib.sha256(data).hexdigest(), "size": len(data),
                          "answers": answers})
    json.dump({"lines": LINES, "asked": ASKED, "cases": cases},
              open(os.path.join(FOLDER, "vectors.json"), "w"), ensure_ascii=False, indent=None)


main()
