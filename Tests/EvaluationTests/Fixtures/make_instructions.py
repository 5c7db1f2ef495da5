"""Writes instructions.json: what lm-evaluation-harness 0.4.13's IFEval checks say of made-up responses.

    python make_instructions.py > instructions.json     # needs lm_eval 0.4.13, nltk, langdetect, immutabledict

Language detection is taken to say English always.
"""

import json

import langdetect
import nltk

nltk.download = lambda *a, **k: True
nltk.data.find = lambda *a, **k: True
langdetect.detect = lambda text: "en"

from lm_eval.tasks.ifeval import utils

INSTRUCTIONS = [
    ("keywords:existence", {"keywords": ["Alpha", "beta"]}),
    ("keywords:frequency", {"keyword": "the", "frequency": 2, "relation": "at least"}),
    ("keywords:frequency", {"keyword": "a", "frequency": 3, "relation": "less than"}),
    ("keywords:forbidden_words", {"forbidden_words": ["cat", "no"]}),
    ("keywords:letter_frequency", {"letter": "e", "let_frequency": 3, "let_relation": "at least"}),
    ("length_constraints:number_paragraphs", {"num_paragraphs": 2}),
    ("length_constraints:number_words", {"num_words": 6, "relation": "less than"}),
    ("length_constraints:number_words", {"num_words": 6, "relation": "at least"}),
    ("length_constraints:nth_paragraph_first_word",
     {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "then"}),
    ("detectable_content:number_placeholders", {"num_placeholders": 2}),
    ("detectable_content:postscript", {"postscript_marker": "P.S."}),
    ("detectable_content:postscript", {"postscript_marker": "P.P.S"}),
    ("detectable_format:number_bullet_lists", {"num_bullets": 2}),
    ("detectable_format:constrained_response", {}),
    ("detectable_format:number_highlighted_sections", {"num_highlights": 2}),
    ("detectable_format:multiple_sections", {"section_spliter": "Section", "num_sections": 2}),
    ("detectable_format:json_format", {}),
    ("detectable_format:title", {}),
    ("combination:two_responses", {}),
    ("combination:repeat_prompt", {"prompt_to_repeat": "Say hello "}),
    ("startend:end_checker", {"end_phrase": "Any questions?"}),
    ("startend:quotation", {}),
    ("change_case:english_capital", {}),
    ("change_case:english_lowercase", {}),
    ("punctuation:no_comma", {}),
]

RESPONSES = [
    "", "   \n", "alpha and BETA", "The cat saw the CAT; there.", "Ein Élève lit. 東京 rocks_on 3rd",
    "one two three four five", "one two three, four five six", "HELLO WORLD 42!", "hello world 42!",
    "First paragraph\n***\nsecond", "***\nFirst\n***\nsecond\n***\n", "a\n***\n\n***\nb", "a***b***c",
    "Intro.\n\nThen we go", "Intro.\n\n\"'Then, we go", "Intro.\n\n\n\nthen", "then\n\n'then?",
    "[name] and [place\n] and [x]", "[[a] b] [c]", "Body\nP.S. bye", "Body p. s. bye\nP.P. S ok",
    "P.P.S. more", "p.p.s", "* one\n* two", "- one\n  - two", "*\n- b\n** c", "\n\n* a\n\n*b\n-c",
    "My answer is yes.", "So: My answer is maybe. Done", "*hi* and **there**", "**a** ** ** *",
    "*x\ny* *z*", "Section 1 a\nSection 2 b", "Section1, section 2, Section  3 Section 4",
    '{"a": [1, 2]}', '```json\n{"a": 1}\n```', "```\n[1\n```", "<<Title>>\ntext", "<< >> <<>>",
    "x <<a>> b >> c", "One******Two", "One******One ", "******A******B******", "A************B",
    "Say hello to you", "  say HELLO there", "Thanks. Any questions?", '"Any questions?" ',
    '"quoted"', '"', "*Any questions?*\nbye", "skip me\nalpha beta\nskip me", "skip\n- a\n- b",
    "EINS ǅ", "ß", "No way", "nowhere, no_one", "Hey\r\n\r\nthen  you", "e E é è eee",
]


def main():
    cases = []
    for name, arguments in INSTRUCTIONS:
        strict, loose = "", ""
        for response in RESPONSES:
            item = utils.InputExample(0, [name], "prompt", [arguments])
            a = utils.test_instruction_following_strict(item, response)
            b = utils.test_instruction_following_loose(item, response)
            strict += "1" if a.follow_all_instructions else "0"
            loose += "1" if b.follow_all_instructions else "0"
        cases.append({"id": name, "arguments": arguments, "strict": strict, "loose": loose})
    print(json.dumps({"responses": RESPONSES, "cases": cases}, ensure_ascii=False, indent=1))


main()
