#!/usr/bin/env python3
"""Writes Sources/Corpus/Words/CharacterTables.swift and SpecialCases.swift: what Python 3.11, datatrove 0.10.1
and spaCy 3.8's blank English pipeline know of characters and of words with apostrophes, abbreviations and
emoticons. Run in an environment that has datatrove and spacy:  python make_words.py"""

import os
import re
import sys
import unicodedata

import spacy
from datatrove.utils import text as dt
from spacy.lang import char_classes as cc
from spacy.lang.punctuation import TOKENIZER_SUFFIXES

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../Sources/Corpus/Words")
nlp = spacy.blank("en")
nlp.add_pipe("sentencizer")
tokenizer = nlp.tokenizer
sentencizer = nlp.get_pipe("sentencizer")

period = [p for p in TOKENIZER_SUFFIXES if p.startswith("(?<=[0-9") and p.endswith(r"\.") and "%" in p]
assert len(period) == 1
period_before = re.compile(period[0] + "$")


def member(characters):
    pattern = re.compile("[" + characters + "]")
    return lambda c: bool(pattern.match(c))


def one(search, before):
    def test(c):
        found = search(before + c if before else c + "a")
        return bool(found) and found.end() - found.start() == 1
    return test


CLASSES = {
    "space": str.isspace,
    "alphabetic": str.isalpha,
    "alphanumeric": str.isalnum,
    "decimal": lambda c: unicodedata.category(c) == "Nd",
    "nonspacingMark": lambda c: unicodedata.category(c) == "Mn",
    "punctuation": lambda c: unicodedata.category(c).startswith("P"),
    "symbol": lambda c: c in dt.PUNCTUATION_SET,
    "blanked": lambda c: c in dt.PUNCTUATION,
    "terminal": lambda c: c in dt.TERMINAL_PUNCTUATION,
    "sentenceEnd": lambda c: c in sentencizer.punct_chars,
    "prefix": lambda c: c != "+" and one(tokenizer.prefix_search, "")(c),
    "suffix": lambda c: c != "." and one(tokenizer.suffix_search, "\u0001")(c),
    "icon": lambda c: c == "…" or member(cc.ICONS)(c),
    "letter": member(cc.ALPHA),
    "lowerLetter": member(cc.ALPHA_LOWER),
    "upperLetter": member(cc.ALPHA_UPPER),
    "quote": member(cc.CONCAT_QUOTES),
    "beforePeriod": lambda c: bool(period_before.search(c + ".")),
}

SCALARS = [chr(c) for c in range(sys.maxunicode + 1) if not 0xD800 <= c <= 0xDFFF]


def ranges(test):
    result = []
    for c in SCALARS:
        if test(c):
            if result and result[-1][1] == ord(c) - 1:
                result[-1][1] = ord(c)
            else:
                result.append([ord(c), ord(c)])
    return [f"{a:X}" if a == b else f"{a:X}-{b:X}" for a, b in result]


def wrapped(items, indent="    ", width=108):
    lines, line = [], ""
    for item in items:
        if len(line) + len(item) + 1 > width:
            lines.append(line)
            line = ""
        line += (" " if line else "") + item
    return "\n".join(f"{indent}{line} \\" for line in lines + [line])[:-2]


def lower_runs():
    """Scalars whose lower case is one other scalar: first, last, step, difference."""
    runs = []
    for c in SCALARS:
        low = c.lower()
        if low == c or len(low) != 1:
            continue
        value, delta = ord(c), ord(low) - ord(c)
        if runs and runs[-1][3] == delta:
            run = runs[-1]
            step = value - run[1]
            if step <= 2 and (run[0] == run[1] or run[2] == step):
                run[1], run[2] = value, step
                continue
        runs.append([value, value, 1, delta])
    return [f"{a:X}-{b:X}/{s}{d:+X}" for a, b, s, d in runs]


def decompositions():
    """What is left of a scalar after NFD without its nonspacing marks, where that is another text."""
    result = []
    for c in SCALARS:
        if 0xAC00 <= ord(c) <= 0xD7A3:
            continue
        form = unicodedata.normalize("NFD", c)
        kept = "".join(x for x in form if unicodedata.category(x) != "Mn")
        if form != c:
            result.append(f"{ord(c):X}=" + "+".join(f"{ord(x):X}" for x in kept))
    return result


def write_tables():
    with open(os.path.join(OUT, "CharacterTables.swift"), "w") as file:
        file.write("// Made by Tests/CorpusTests/Fixtures/make_words.py with Python "
                   f"{sys.version.split()[0]} (Unicode {unicodedata.unidata_version}), datatrove 0.10.1 and\n"
                   f"// spaCy {spacy.__version__}.\n\n"
                   "/// Ranges of scalars in hexadecimal, by class.\n"
                   "enum CharacterTables {\n")
        for name, test in CLASSES.items():
            file.write(f'  static let {name} = """\n{wrapped(ranges(test))}\n    """\n\n')
        file.write("  /// FIRST-LAST/STEP+DIFFERENCE: scalars whose lower case is one other scalar.\n"
                   f'  static let lowerCase = """\n{wrapped(lower_runs())}\n    """\n\n')
        file.write("  /// SCALAR=SCALARS: canonical decompositions without nonspacing marks; Hangul is\n"
                   "  /// worked out.\n"
                   f'  static let decompositions = """\n{wrapped(decompositions())}\n    """\n}}\n')


def write_specials():
    rules = tokenizer.rules
    lines = []
    for key in sorted(rules):
        if key.isspace():
            continue
        parts = [next(iter(token.values())) for token in rules[key]]
        assert "".join(parts) == key and not any(c.isspace() for c in key), key
        lines.append(" ".join(parts))
    units = sorted(set(cc.UNITS.split("|")), key=lambda u: (-len(u), u))
    with open(os.path.join(OUT, "SpecialCases.swift"), "w") as file:
        file.write("// Made by Tests/CorpusTests/Fixtures/make_words.py with spaCy "
                   f"{spacy.__version__} (MIT License), blank English\n// pipeline.\n\n"
                   "/// What spaCy's English tokenizer has lists of.\n"
                   "enum SpecialCases {\n"
                   "  /// Texts that are split as written here, not by rule: a line each, tokens\n"
                   "  /// separated by spaces.\n"
                   '  static let words = #"""\n')
        for line in lines:
            file.write(f"    {line}\n")
        file.write('    """#\n\n'
                   "  /// Units that are split from a number before them, longest first.\n"
                   f'  static let units = #"""\n{wrapped(units).replace(chr(92), chr(92) + "#")}\n    """#\n\n')
        currencies = sorted((re.sub(r"\\(.)", r"\1", c) for c in set(cc.CURRENCY.split("|"))),
                            key=lambda u: (-len(u), u))
        file.write("  /// Currency signs that are split from a number before them, longest first.\n"
                   f'  static let currencies = #"""\n{wrapped(currencies).replace(chr(92), chr(92) + "#")}\n    """#\n}}\n')


write_tables()
write_specials()
