"""Writes harness.json: what lm-evaluation-harness 0.4.13 makes of a few questions and documents.

    python3 -m venv /tmp/lmeval && /tmp/lmeval/bin/pip install lm_eval==0.4.13
    /tmp/lmeval/bin/python make_harness.py > harness.json

The harness writes the prompts, encodes the requests, scores and aggregates; only the model and its
tokenizer are ours: tokens are UTF-8 bytes, and a token's log-probability after all the tokens before
it is an exact fraction that the Swift test computes too.
"""

import json
import logging
import os

os.environ["HF_DATASETS_OFFLINE"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"
logging.disable(logging.WARNING)

import datasets
import lm_eval
import yaml
from lm_eval import evaluator, utils
from lm_eval.api import metrics
from lm_eval.api.instance import Instance
from lm_eval.api.model import TemplateLM
from lm_eval.api.task import ConfigurableTask, PerplexityTask
from lm_eval.tasks.mmlu._generate_configs import SUBJECTS

TASKS = os.path.join(os.path.dirname(lm_eval.__file__), "tasks", "mmlu")
BEGIN, END = 256, 257

# subject -> split -> rows
QUESTIONS = {
    "anatomy": {
        "dev": [
            ["Which bone is in the arm?", "Femur", "Radius", "Tibia", "Skull", "B"],
            ["  How many hearts? \n", "0", "1", "2", "3", "B"],
            ['A "quoted, phrase" means\nwhat?', "this", "that", "both", "none, really", "D"],
        ],
        "test": [
            ["Which bone is in the leg?", "Femur", "Radius", "Ulna", "Rib", "A"],
            ["Naïve café — how many code points?\u001f", "äöü", "aou", "日本語", "four", "C"],
            ["What is 2+2?", "4", "5 ", " 6", "a very much longer choice than the others", "A"],
            ["Which bone is in the arm?", "Femur", "Radius", "Tibia", "Skull", "B"],
            ["x", "1", "1", "1", "1", "D"],
        ],
    },
    "us_foreign_policy": {
        "dev": [
            ["Who signs treaties?", "The president", "The senate", "Nobody", "Everybody", "A"],
            ["Was there a war?", "No", "Yes", "Perhaps", "Unknown", "B"],
        ],
        "test": [
            ["Who declares war?", "The president", "Congress", "The court", "The states", "B"],
            ["What is NATO?\r\nAnd where?", "A pact", "A river", "A song", "A dance", "A"],
            ["When?", "1949", "1950", "1951", "1952", "A"],
        ],
    },
    "philosophy": {
        "dev": [["Who drank hemlock?", "Plato", "Socrates", "Zeno", "Thales", "B"]],
        "test": [
            ["Who taught Aristotle?", "Plato", "Socrates", "Zeno", "Thales", "A"],
            ["Who was taught by Aristotle?", "Plato", "Alexander", "Zeno", "Thales", "B"],
        ],
    },
}

DOCUMENTS = [
    "A short text.",
    "  Words   with\tmuch\n\nwhite space between them and at the ends. \n",
    "Ünïcode — 日本語, and enough of it to fill more than one window of the model. " * 3,
    "x" * 64,
    "y" * 65,
    "<|begin|>starts with the prefix",
]


def steps(inputs, targets):
    """Each target's log-probability after the inputs up to it, and whether it is the likeliest."""
    state, results = 0, []
    for token, target in zip(inputs, targets):
        state = (state * 31 + token + 1) % 1009
        place = (state * 37 + target * 17) % 61
        results.append((-(place + 1) / 64, place < 40))
    return results


class ByteModel(TemplateLM):
    backend = "causal"

    def __init__(self, max_length, adds_bos):
        super().__init__()
        self.max_length, self.adds_bos = max_length, adds_bos
        self.requests = []
        self.tokenizer = None

    eot_token_id = END
    prefix_token_id = BEGIN
    tokenizer_name = "bytes"
    chat_template = None

    def tok_encode(self, string, add_special_tokens=None, **kwargs):
        special = self.adds_bos if add_special_tokens is None else add_special_tokens
        if add_special_tokens is None and string.startswith("<|begin|>"):
            special = False
        tokens, rest = [BEGIN] if special else [], string
        while rest:  # "<|begin|>" is one token wherever it stands
            before, found, rest = rest.partition("<|begin|>")
            tokens += list(before.encode("utf-8")) + ([BEGIN] if found else [])
        return tokens

    def _loglikelihood_tokens(self, requests, disable_tqdm=False, override_bs=None):
        results = []
        for _, context, continuation in requests:
            assert 0 < len(continuation) <= self.max_length and context
            # models/huggingface.py: the last max_length + 1 tokens, less the final one
            whole = (context + continuation)[-(self.max_length + 1) :]
            inputs = whole[:-1]
            scored = steps(inputs, whole[1:])[len(inputs) - len(continuation) :]
            results.append((sum(s[0] for s in scored), all(s[1] for s in scored)))
        return results

    def loglikelihood(self, requests, disable_tqdm=True):
        self.requests = [r.args for r in requests]
        return super().loglikelihood(requests, disable_tqdm=True)

    def loglikelihood_rolling(self, requests, disable_tqdm=True):
        results = []
        for (string,) in [r.args for r in requests]:
            windows = map(
                utils.make_disjoint_window,
                utils.get_rolling_token_windows(
                    token_list=self.tok_encode(string),
                    prefix_token=self.prefix_token_id,
                    max_seq_len=self.max_length,
                    context_len=1,
                ),
            )
            answers = self._loglikelihood_tokens([(None,) + w for w in windows])
            results.append(sum(a[0] for a in answers))
        return results

    def generate_until(self, requests, disable_tqdm=True):
        raise NotImplementedError


def config(folder, subject):
    with open(f"{TASKS}/{folder}/mmlu_{subject}.yaml") as file:
        own = yaml.safe_load(file)
    with open(f"{TASKS}/{folder}/{own.pop('include')}") as file:
        shared = yaml.safe_load(file)
    merged = {**shared, **own}
    merged.pop("dataset_path"), merged.pop("dataset_name")
    splits = {
        split: [
            {"question": r[0], "choices": r[1:5], "answer": "ABCD".index(r[5]), "subject": subject}
            for r in rows
        ]
        for split, rows in QUESTIONS[subject].items()
    }
    merged["custom_dataset"] = lambda **_: {
        split: datasets.Dataset.from_list(rows) for split, rows in splits.items()
    }
    merged["metric_list"] = [
        {"metric": m, "aggregation": "mean", "higher_is_better": True}
        for m in ["acc", "acc_norm", "acc_bytes"]
    ]
    return merged


CASES = [
    # folder, form, shots, max_length, adds_bos
    ("default", "letter", 0, 4096, False),
    ("default", "letter", 1, 4096, True),
    ("continuation", "cloze", 0, 4096, True),
    ("continuation", "cloze", 1, 4096, False),
    ("default", "letter", 1, 120, True),
    ("continuation", "cloze", 1, 50, False),
]
METRICS = ["acc", "acc_norm", "acc_bytes"]


def questions(folder, form, shots, max_length, adds_bos):
    tasks = {s: ConfigurableTask(config=config(folder, s)) for s in QUESTIONS}
    for task in tasks.values():
        task.set_config("num_fewshot", shots)
    model = ByteModel(max_length, adds_bos)
    answer = evaluator.evaluate(lm=model, task_dict=tasks, bootstrap_iters=1000, log_samples=True)
    samples = [
        {
            "id": f"{subject}/test/{sample['doc_id'] + 1}",
            "context": sample["arguments"][0][0],
            "continuations": [a[1] for a in sample["arguments"]],
            "logLikelihoods": [r[0] for r in sample["filtered_resps"]],
            "isGreedy": [r[1] for r in sample["filtered_resps"]],
            **{m: sample[m] for m in METRICS},
        }
        for subject in sorted(QUESTIONS)
        for sample in answer["samples"][subject]
    ]
    return {
        "form": form,
        "shots": shots,
        "maximumLength": max_length,
        "addsBegin": adds_bos,
        "samples": samples,
        "scores": {m: scores(answer["results"], m) for m in METRICS},
    }


def scores(results, metric):
    subjects = {
        s: (results[s][f"{metric},none"], results[s][f"{metric}_stderr,none"]) for s in QUESTIONS
    }
    values, errors = [v for v, _ in subjects.values()], [e for _, e in subjects.values()]
    sizes = [len(QUESTIONS[s]["test"]) for s in QUESTIONS]
    return {
        "subjects": subjects,
        "micro": (
            metrics.aggregate_subtask_metrics(values, sizes, True),
            float(metrics.pooled_sample_stderr(errors, sizes)),
        ),
        "macro": (
            metrics.aggregate_subtask_metrics(values, sizes, False),
            float(metrics.unweighted_mean_stderr(errors)),
        ),
    }


def documents(max_length, adds_bos):
    model = ByteModel(max_length, adds_bos)
    requests = [Instance("loglikelihood_rolling", {}, (d,), 0) for d in DOCUMENTS]
    likelihoods = model.loglikelihood_rolling(requests)
    words = [PerplexityTask.count_words(d) for d in DOCUMENTS]
    sizes = [PerplexityTask.count_bytes(d) for d in DOCUMENTS]
    return {
        "maximumLength": max_length,
        "addsBegin": adds_bos,
        "logLikelihoods": likelihoods,
        "words": words,
        "bytes": sizes,
        "tokens": [len(model.tok_encode(d)) for d in DOCUMENTS],
        "wordPerplexity": metrics.weighted_perplexity(list(zip(likelihoods, words))),
        "bytePerplexity": metrics.weighted_perplexity(list(zip(likelihoods, sizes))),
        "bitsPerByte": metrics.bits_per_byte(list(zip(likelihoods, sizes))),
    }


def main():
    fixture = {
        "questions": QUESTIONS,
        "documents": DOCUMENTS,
        "cases": [questions(*case) for case in CASES],
        "perplexity": [documents(64, False), documents(10, True), documents(4096, False)],
        "categories": SUBJECTS,
    }
    print(json.dumps(fixture, ensure_ascii=False, separators=(",", ":")))


if __name__ == "__main__":
    main()
