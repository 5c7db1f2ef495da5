"""Writes Sources/Text/CharacterClassTable.swift: the scalars that tokenizers' regular expressions
take for \\p{L} and \\p{N}. Asking the library itself, not Unicode's files, keeps us exact when its
Unicode version and Swift's differ.

    pip install tokenizers==0.23.3 && python make_character_classes.py > .../CharacterClassTable.swift
"""

from tokenizers import Regex, __version__, pre_tokenizers


def matching(pattern):
    splitter = pre_tokenizers.Split(Regex(pattern), "removed", invert=True)
    scalars = (c for c in range(0x110000) if not 0xD800 <= c < 0xE000)
    return [c for c in scalars if splitter.pre_tokenize_str(chr(c))]


def ranges(scalars):
    result = []
    for scalar in scalars:
        if result and result[-1][1] == scalar - 1:
            result[-1][1] = scalar
        else:
            result.append([scalar, scalar])
    return result


def table(name, about, pattern):
    print(f"\n  /// {about}")
    print(f"  static let {name}: [(UInt32, UInt32)] = [")
    line = "   "
    for first, last in ranges(matching(pattern)):
        cell = f" (0x{first:X}, 0x{last:X}),"
        if len(line) + len(cell) > 100:
            print(line)
            line = "   "
        line += cell
    print(line)
    print("  ]")


print(f"// Made by Tests/TextTests/Fixtures/make_character_classes.py with tokenizers {__version__}.")
print()
print("/// Ranges of scalars, first and last, ascending.")
print("enum CharacterClassTable {", end="")
table("letters", r"`\p{L}`", r"\p{L}")
table("numbers", r"`\p{N}`", r"\p{N}")
print("}")
