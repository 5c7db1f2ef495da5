"""Writes udhr.json: the beginning of the Universal Declaration of Human Rights in 60 languages
(public domain, https://www.unicode.org/udhr/), and the SHA-256 of the ids, joined by spaces, that
Hugging Face tokenizers gives with tokenizer-PATTERN.json.

    pip install tokenizers==0.23.3 && python make_udhr.py FOLDER_OF_UDHR_TEXTS
"""

import hashlib
import json
import pathlib
import sys

from tokenizers import Tokenizer

HERE = pathlib.Path(__file__).parent
LANGUAGES = (
    "amh arb ben bod cmn_hans dan deu_1996 div ell_monotonic eng epo eus ewe fin fra gle guj heb hin "
    "hun hye iii ike isl jav_java jpn kan kat kaz khm kor lao mal mar min mnw_1 mya nav nqo ory "
    "pan pcm pes_1 por_BR rus sag san sin spa tam tel tha tir tur tzm uig_arab ukr urd vie yor zgh"
).split()


def main():
    folder = pathlib.Path(sys.argv[1])
    found = [name for name in LANGUAGES if (folder / f"{name}.txt").exists()]
    texts = {n: (folder / f"{n}.txt").read_bytes().decode()[:900] for n in found}
    result = {"texts": texts}
    for pattern in ["gpt2", "llama3", "qwen2", "smollm", "cl100k"]:
        tokenizer = Tokenizer.from_file(str(HERE / f"tokenizer-{pattern}.json"))
        result[pattern] = {}
        for name, text in texts.items():
            ids = " ".join(map(str, tokenizer.encode(text).ids))
            result[pattern][name] = hashlib.sha256(ids.encode()).hexdigest()
    text = json.dumps(result, ensure_ascii=False, separators=(",", ":"))
    (HERE / "udhr.json").write_bytes(text.encode())
    print(len(texts), "languages")


main()
