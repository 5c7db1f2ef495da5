#!/usr/bin/env python3
"""Writes words.json, filters.json, minhash.json and personal.json: what datatrove 0.10.1 (with spaCy 3.8) says of
real and awkward texts. Run with the folder of shared data:  python make_filters.py ../../../../shared/data"""

import csv
import glob
import json
import os
import random
import re
import sys
import tempfile

import numpy as np
import spacy
from datatrove.data import Document
from datatrove.pipeline.dedup import minhash as mh
from datatrove.pipeline.filters.c4_filters import C4ParagraphFilter, C4QualityFilter
from datatrove.pipeline.filters.fineweb_quality_filter import FineWebQualityFilter
from datatrove.pipeline.filters.gopher_quality_filter import GopherQualityFilter
from datatrove.pipeline.filters.gopher_repetition_filter import GopherRepetitionFilter
from datatrove.pipeline.formatters.pii import PIIFormatter
from datatrove.utils.hashing import HashConfig
from datatrove.utils.hashes.sha1 import sha1_hash64
from datatrove.utils.text import simplify_text, split_into_sentences, split_into_words
import xxhash

DATA = sys.argv[1]
HERE = os.path.dirname(os.path.abspath(__file__))
RANDOM = random.Random(11)


def write(name, value):
    with open(os.path.join(HERE, name), "w") as file:
        json.dump(value, file, ensure_ascii=True, indent=0)
        file.write("\n")


def stories():
    folder = os.path.join(DATA, "corpora/tinystories")
    return open(os.path.join(folder, sorted(os.listdir(folder))[0]), errors="replace").read().split("<|endoftext|>")


def wiki():
    texts = []
    for path in sorted(glob.glob(os.path.join(DATA, "corpora/wikitext-2/*"))):
        texts += re.split(r"\n = (?!=)", open(path).read())
    return texts


def mmlu():
    for path in sorted(glob.glob(os.path.join(DATA, "mmlu/test/*.csv"))):
        for row in list(csv.reader(open(path, newline="")))[:2]:
            yield "\n".join(row[:5])


def code():
    return [row["response"] for row in json.load(open(os.path.join(DATA, "sft/gpteacher/codegen-instruct.json")))]


AWKWARD = ["", " ", "  a ", "\n", "\r\n", "a\r\nb\r\n", "a\0b \0", "\ufeffBOM", "e\u0301clair caf\u00e9", "👩‍👩‍👧 family 👍🏽!",
           "हिन्दी में लिखा है।", "これは文です。はい。", "İI ΑΣ ΑΣΑ", "\u2028line\u2029para\u0085next\x0bvt", "...", "!!!???", "(((a)))",
           "don't can't won't I'll you've it's", "U.S. e.g. i.e. Mr. Smith a.m. p.m.", ":-) :( <3 ^_^ x:) (:x",
           "http://example.org/a?b=c, www.example.co.uk. me@example.com; ftp://user:pw@host.org:21/x",
           "8.8.8.8:80/x 192.168.0.1 256.1.1.1", "5km 10kg $3.50 50% 20°C. 3+4=7 2^10", "well-known--dash—em–en word/other a,b x:y",
           "“Quoted” ‘single’ «guillemets»", "1,234.56 ٣٫١٤ 12th", "end.Start lower.Upper A.B.C", "a" * 1200, "x-" * 50]


def words():
    texts = AWKWARD + [t[:220] for t in RANDOM.sample(stories(), 12)] + [t[:260] for t in RANDOM.sample(wiki(), 25)]
    texts += RANDOM.sample(list(mmlu()), 20) + [t[:220] for t in RANDOM.sample(code(), 15)]
    rules = sorted(spacy.blank("en").tokenizer.rules)
    bits = rules + list("()[]{}.,:;!?'\"-–—~/<>=+*^&%$#@_…|\\§°") + ["12", "a", "Ab", "U.S", "http://a.co", "x@y.org/p?q=1", "km", "5km", "US$",
                                                                    "3.5%", "👍🏽", "日本", "don't", "…", "....", "--", " ", "\n", "\u00a0", "1.2.3.4", "foo.bar.com", "É"]
    texts += ["".join(RANDOM.choice(bits) + RANDOM.choice(["", "", " "]) for _ in range(RANDOM.randint(2, 8))) for _ in range(150)]
    write("words.json", [{"text": t, "words": split_into_words(t), "sentences": len(split_into_sentences(t)),
                          "lower": t.lower(), "simple": simplify_text(t), "lines": t.splitlines()} for t in texts])


def constructed():
    base = stories()[3].strip()
    w = base.split()
    prose = " ".join(w[:120])
    yield from [
        base, "", " \n \n", "too short", "one two three " * 20000,
        " ".join("a" if i % 2 else "to" for i in range(80)) + " the of",
        " ".join("internationalisation" for _ in range(60)) + " the of",
        " ".join(x + " #" for x in w[:70]), " ".join(x + " ..." for x in w[:70]), " ".join(x + " …" for x in w[:70]),
        "\n".join("- " + " ".join(w[i:i + 6]) for i in range(0, 90, 6)), "\n".join("  • " + " ".join(w[i:i + 6]) for i in range(0, 90, 6)),
        "\n".join(" ".join(w[i:i + 9]) + "..." for i in range(0, 99, 9)), " ".join(x + " 1" for x in w[:70]),
        " ".join(x for x in w if x.lower() not in {"the", "be", "to", "of", "and", "that", "have", "with"}),
        "\n\n".join([prose[:200]] * 5), prose + "\n\n" + "\n\n".join(["short one."] * 3), "\n".join([prose[:90]] * 6),
        "\n".join(f"line {i} of the story is {w[i]}" for i in range(30)) + ("\nrepeat me now please" * 14),
        " ".join(["very", "good"] * 40) + " " + prose, "the cat sat " * 10 + prose, "a b c d " * 12 + prose,
        prose + " " + " ".join(w[20:60]) + " " + prose[300:] + " " + " ".join(w[20:60]), " ".join(w[:40]) + " " + " ".join(w[:40]),
        base + "\nLorem ipsum dolor sit amet here.", base + "\nif (x) { return 1; } is code.", base + "\nPlease enable JavaScript to go on.",
        base + "\nWe use cookies to help you here.\nRead our Privacy Policy right now.", "A line. " * 6,
        "First one here. Second one here. Third one here.\nFourth [1] one [citation needed] here [edit].\nFifth one is here!\nno end\nshort.\n" + "x" * 1001 + " a b.",
        "He said \"so\".\nShe said 'no'.\nWhat is it?\nIt is on... \nThis goes on...\nNow it is five. And six.",
        "\n".join(["Home", "About", "Contact us", "Login here", "Products and more"] * 3), "\n".join([prose[i:i + 60] for i in range(0, 600, 60)]),
        "\n".join([prose[i:i + 60] + "." for i in range(0, 600, 60)]), "\n".join(["same line of text that is here."] * 2 + [prose]),
        "w\n" * 60 + prose + ".", "\n".join("p" * 210 for _ in range(3)), "\n".join("p" * 210 for _ in range(2)),
        "a\r\nb.\r\n" * 30, "मैं हूँ। " * 40, "これは文です。" * 60, "\n".join("これは長い文ですからね。" * 4 for _ in range(6)),
    ]


def verdict(rule, text):
    document = Document(text=text, id="x")
    try:
        result = rule.filter(document)
    except ZeroDivisionError:
        return None
    reason = "" if result is True or result is None or (isinstance(result, tuple) and result[0]) else result[1]
    return {"reason": reason, "text": document.text if document.text != text and not reason else None}


def filters():
    rules = {"gopher-quality": GopherQualityFilter(), "gopher-repetition": GopherRepetitionFilter(), "c4": C4QualityFilter(),
             "c4-fineweb": C4QualityFilter(filter_no_terminal_punct=False), "c4-paragraphs": C4ParagraphFilter(), "fineweb": FineWebQualityFilter()}
    texts = list(constructed()) + [t[:1500] for t in RANDOM.sample(stories(), 8)] + [t[:1800] for t in RANDOM.sample(wiki(), 14)]
    texts += [t[:1500] for t in RANDOM.sample(code(), 8)] + ["\n".join(list(mmlu())[i:i + 4]) for i in (0, 40, 80)]
    long = {i: t for i, t in enumerate(texts) if len(t) > 20000}
    rows = []
    for index, text in enumerate(texts):
        rows.append({"text": text if index not in long else None, "repeat": ["one two three ", 20000] if index in long else None,
                     "verdicts": {name: verdict(rule, text) for name, rule in rules.items()}})
    write("filters.json", rows)
    seen = {(name, row["verdicts"][name]["reason"]) for row in rows for name in rules if row["verdicts"][name]}
    print(sorted(seen))


def hexadecimal(values):
    return [f"{int(v):016x}" for v in values]


def clusters(texts):
    """The documents that datatrove's four steps remove, all in one file."""
    config = mh.MinhashConfig()
    with tempfile.TemporaryDirectory() as folder:
        documents = [Document(text=t, id=str(i)) for i, t in enumerate(texts)]
        mh.MinhashDedupSignature(f"{folder}/sig", config).run(iter(documents), 0, 1)
        for rank in range(config.num_buckets):
            mh.MinhashDedupBuckets(f"{folder}/sig", f"{folder}/dups", config=config).run(None, rank, config.num_buckets)
        mh.MinhashDedupCluster(f"{folder}/dups", f"{folder}/out", config=config).run(None, 0, 1)
        path = f"{folder}/out/000000.remove"
        data = open(path, "rb").read() if os.path.exists(path) else b""
        return sorted(np.frombuffer(data, "<u4").tolist())


def minhash():
    step = mh.MinhashDedupSignature("/tmp/unused-signatures", mh.MinhashConfig())
    sha = mh.MinhashDedupSignature("/tmp/unused-signatures", mh.MinhashConfig(hash_config=HashConfig(hash_fc="sha1")))
    a, b = step.parameters
    texts = [stories()[5].strip()[:600], wiki()[9][:500], "one two three four five", "a b c d", "", "Größe 3,5 cm — Ünïcödé ½ 한국어 텍스트 입니다 일 이",
             "हिन्दी में लिखा है यह एक वाक्य है।"]
    rows = []
    for text in texts:
        shingles = step.get_shingles(text)
        rows.append({"text": text, "shingles": hexadecimal(shingles[:3].ravel()),
                     "signature": hexadecimal(sum(step.get_signature(shingles), [])) if shingles.size else None,
                     "sha1": hexadecimal(sum(sha.get_signature(sha.get_shingles(text)), []))[:16] if shingles.size else None})
    base = [t.strip()[:420] for t in RANDOM.sample(stories(), 14)]
    corpus = []
    for index, text in enumerate(base):
        corpus.append(text)
        for _ in range(RANDOM.choice([0, 0, 1, 2, 4])):
            parts = text.split()
            for _ in range(RANDOM.choice([0, 1, 2, 6])):
                parts[RANDOM.randrange(len(parts))] = RANDOM.choice(["blue", "seven", "moon"])
            corpus.append(" ".join(parts))
    RANDOM.shuffle(corpus)
    strings = [("a" * n) for n in (0, 1, 3, 4, 7, 8, 31, 32, 33, 100)] + ["naïve 日本"]
    write("minhash.json", {"factors": hexadecimal(a.ravel()), "summands": hexadecimal(b.ravel()), "texts": rows, "corpus": corpus,
                           "removed": clusters(corpus), "hashes": [{"text": s, "xxhash64": f"{xxhash.xxh64_intdigest(s):016x}",
                                                                    "sha1": f"{sha1_hash64(s):016x}"} for s in strings]})
    print("removed", len(clusters(corpus)), "of", len(corpus))


def personal():
    texts = ["mail a.b+c@example.com, or (x_y@sub.example.co.uk).", "'quoted@x.org' <a@b.de> a@b", "no@-bad.com yes@ok-fine.net. x@y..z a@b.c-",
             "8.8.8.8 and 10.0.0.1, 192.168.1.1; 1.2.3.4.5 256.1.1.1 01.2.3.4 1.1.1.256", "ip 172.32.0.1:80 100.64.0.1 198.51.100.7 223.255.255.254 240.1.1.1",
             "a@b.c@d.e f..g@h.io .i@j.kl #tag@m.no", "nothing here", "é@x.org x@é.org mañana@example.es", "!a@b.cc ~~x@y.zz", "a@1.2 v1.2.3.4 x1.2.3.4y"]
    formatter = PIIFormatter()
    rows = []
    for text in texts:
        emails = [m.span() for m in formatter.emails_replacer.regex.finditer(text)]
        ips = [m.span() for m in formatter.ip_replacer.regex.finditer(text) if formatter.ip_replacer.validator(m.group(0))]
        rows.append({"text": text, "emails": emails, "ips": ips})
    write("personal.json", rows)


words()
filters()
minhash()
personal()
