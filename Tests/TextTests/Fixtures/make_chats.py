"""Writes chats.json: conversations rendered by transformers' `apply_chat_template`.

    pip install transformers==5.24.0 jinja2==3.1.6 && python make_chats.py TEMPLATES.json

TEMPLATES.json holds our named templates, {name: Jinja}. [{"template", "messages", "prompt", "text" or
null when refused, "assistant": what {% generation %} marks}]
"""

import json
import pathlib
import sys

from transformers.utils.chat_template_utils import render_jinja_template

HERE = pathlib.Path(__file__).parent
MANY = """{%- macro say(m, end='!') -%}
  [{{ m.role | upper }}{{ end }}]
{%- endmacro %}
{#- a comment -#}
{% set ns = namespace(n=0, last='') %}
{%- for m in messages if m.content %}
    {%- set ns.n = ns.n + 1 %}
    {% if loop.first and not loop.last %}
first of {{ loop.length }}
    {% elif m['content'].startswith('  ') or 'x' in m.content %}
{{ say(m, end='?') }}
    {% else %}
{{ say(m) }}{{ m.content.strip().split('\\n')[-1] | trim }}|{{ m.content[:3] }}|{{ m.content[::-1] | length }}
    {% endif %}
  {%- if m.role == 'assistant' %}{% generation %}{{ m.content | tojson }}{% endgeneration %}{% endif %}
    {%- set ns.last = m.role %}
{% else %}nobody
{% endfor %}
{{ ns.n }} {{ ns.last | default('none', true) }} {{ messages | map(attribute='role') | join(', ') }}
{{- {'a': [1, 2.5, none, true], 'b': {}} | tojson }} {{ 7 // 2 }} {{ -7 % 3 }} {{ 1 < 2 <= 2 }} {{ range(3) | list }}
{% if tools is not defined or not tools %}no tools{% endif %} {{ bos_token ~ 1 }}{{ undefined_thing }}
"""
CONTENTS = ["Hello", "  spaced \n", "", "What is 2+2?\nA. 3\nB. 4", "e\u0301 👍🏽 \u2028x", '{"a": "é"}']


def conversations():
    for start in range(len(CONTENTS)):
        words = CONTENTS[start:] + CONTENTS[:start]
        roles = ["user", "assistant", "user", "assistant"][: 1 + start % 4]
        if start % 2:
            roles = ["system"] + roles
        yield [{"role": r, "content": c} for r, c in zip(roles, words)]


def main():
    templates = json.loads(pathlib.Path(sys.argv[1]).read_text()) | {"many": MANY}
    result = []
    for name, template in templates.items():
        for messages in conversations():
            for prompt in [False, True]:
                case = {"name": name, "messages": messages, "prompt": prompt, "text": None}
                try:
                    texts, spans = render_jinja_template(
                        [messages], chat_template=template, add_generation_prompt=prompt, bos_token="<s>",
                        eos_token="</s>", return_assistant_tokens_mask="{% generation" in template)
                    case["text"] = texts[0]
                    if spans:
                        case["assistant"] = [texts[0][a:b] for a, b in spans[0]]
                except Exception as error:
                    case["error"] = type(error).__name__
                result.append(case)
    text = json.dumps({"templates": templates, "cases": result}, ensure_ascii=False, indent=0)
    (HERE / "chats.json").write_bytes(text.encode())


main()
