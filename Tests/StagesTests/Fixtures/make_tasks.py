"""Makes tasks/: a tiny model, questions, and what lm-evaluation-harness 0.4.13 makes of them through its
Hugging Face loader. Needs lm_eval 0.4.13, torch, transformers, tokenizers, datasets; no network.

    python make_tasks.py            # writes tasks/model, tasks/data, tasks/results.json
"""

import csv
import importlib.util
import json
import os
import random
import shutil
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import torch
import yaml
from lm_eval import simple_evaluate
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

HERE = Path(__file__).parent / "tasks"
HARNESS = Path(importlib.util.find_spec("lm_eval").origin).parent / "tasks"
DATA = HERE / "data"
MODEL = HERE / "model"
draw = random.Random(7)

# --- Questions -------------------------------------------------------------------------------------

CAPITALS = [
    ("Peru", "Lima"), ("Kenya", "Nairobi"), ("Norway", "Oslo"), ("Japan", "Tokyo"), ("Cuba", "Havana"),
    ("Chad", "N'Djamena"), ("Malta", "Valletta"), ("Egypt", "Cairo"), ("Iran", "Tehran"),
    ("Fiji", "Suva"), ("Togo", "Lomé"), ("Qatar", "Doha"), ("Ghana", "Accra"), ("Nepal", "Kathmandu"),
]


def question(text, right, wrong):
    choices = draw.sample(wrong, 3)
    answer = draw.randrange(4)
    choices.insert(answer, right)
    return {"question": text, "choices": choices, "answer": answer}


def geography():
    cities = [city for _, city in CAPITALS]
    return [
        question(f"What is the capital of {land}?", city, [c for c in cities if c != city])
        for land, city in CAPITALS
    ]


def arithmetic():
    rows = []
    for _ in range(14):
        a, b = draw.randrange(2, 30), draw.randrange(2, 30)
        wrong = [str(a + b + d) for d in (-3, -2, -1, 1, 2, 10)]
        rows.append(question(f"  Find {a} + {b}. ", str(a + b), wrong))
    return rows


def mmlu():
    folder = DATA / "mmlu"
    for subject, rows in [("high_school_geography", geography()), ("arithmetic", arithmetic())]:
        for split, part in [("dev", rows[:5]), ("test", rows[5:11])]:
            path = folder / split / f"{subject}_{split}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w", newline="") as file:
                writer = csv.writer(file)
                for row in part:
                    writer.writerow([row["question"], *row["choices"], "ABCD"[row["answer"]]])


def lines(name, rows):
    path = DATA / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def arc():
    rows = []
    for index, (land, city) in enumerate(CAPITALS[:10]):
        count = 3 + index % 3
        others = [c for _, c in CAPITALS if c != city]
        texts = draw.sample(others, count - 1)
        place = draw.randrange(count)
        texts.insert(place, city if index % 2 else f"{city}, a city")
        labels = "ABCDE"[:count] if index % 2 else "12345"[:count]
        rows.append({
            "id": f"arc-{index}", "question": f"Which city governs {land}?",
            "choices": {"text": texts, "label": list(labels)}, "answerKey": labels[place],
        })
    lines("arc_test.jsonl", rows[:7])
    lines("arc_train.jsonl", rows[7:])


def hellaswag():
    rows = []
    for index, (land, city) in enumerate(CAPITALS[:6]):
        endings = [f"goes to {c} [substeps] by train." for _, c in CAPITALS[index + 1:index + 4]]
        label = draw.randrange(4)
        endings.insert(label, f"flies to  {city} and stays.")
        rows.append({
            "activity_label": f"Travelling [header] to {land}", "ctx_a": "A woman packs. [title] She waves.",
            "ctx_b": "She NOW", "endings": endings, "label": str(label),
        })
    lines("hellaswag_test.jsonl", rows)


def gsm8k(count):
    rows = []
    for _ in range(count):
        a, b = draw.randrange(1, 10), draw.randrange(1, 10)
        rows.append({
            "question": f"Ann has {a} pears and buys {b} pears. How many?",
            "answer": f"{a}+{b}=<<{a}+{b}={a + b}>>{a + b}\n#### {a + b}",
        })
    return rows


# --- A model that has learned a little ---------------------------------------------------------------


def text(rows):
    parts = []
    for row in geography() + arithmetic():
        stem = row["question"].strip()
        listed = "".join(f"{'ABCD'[i]}. {c}\n" for i, c in enumerate(row["choices"]))
        parts.append(f"{stem}\n{listed}Answer: {'ABCD'[row['answer']]}\n\n")
        parts.append(f"Question: {stem}\nAnswer: {row['choices'][row['answer']]}\n\n")
    for row in rows:
        parts.append(f"Question: {row['question']}\nAnswer: {row['answer']}\n\n")
        parts.append(f"<|im_start|>user\n{row['question']}<|im_end|>\n<|im_start|>assistant\n"
                     f"{row['answer']}<|im_end|>\n")
    draw.shuffle(parts)
    return parts


def tokenizer(parts):
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(parts, trainers.BpeTrainer(
        vocab_size=300, special_tokens=special, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<|endoftext|>", eos_token="<|endoftext|>",
        pad_token="<|endoftext|>", clean_up_tokenization_spaces=False)
    wrapped.chat_template = (
        "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content']"
        " + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}"
        "{{ '<|im_start|>assistant\n' }}{% endif %}")
    return wrapped


def model():
    torch.manual_seed(3)
    torch.set_num_threads(1)
    parts = text(gsm8k(120))
    wrapped = tokenizer(parts)
    network = LlamaForCausalLM(LlamaConfig(
        vocab_size=300, hidden_size=32, intermediate_size=32, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=1024,
        tie_word_embeddings=True, bos_token_id=0, eos_token_id=0, pad_token_id=0,
        initializer_range=0.2))
    ids = [token for part in parts for token in wrapped.encode(part)]
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-2)
    for step in range(int(os.environ.get("STEPS", "600"))):
        starts = [draw.randrange(len(ids) - 128) for _ in range(16)]
        batch = torch.tensor([ids[start:start + 128] for start in starts])
        loss = network(input_ids=batch, labels=batch).loss
        optimiser.zero_grad()
        loss.backward()
        for group in optimiser.param_groups:
            group["lr"] = 1e-2 * (1 - step / 600) + 1e-4
        optimiser.step()
    print("loss", loss.item(), file=sys.stderr)
    network.save_pretrained(MODEL)
    wrapped.save_pretrained(MODEL)
    # In one place, as every version of transformers reads it.
    template = MODEL / "chat_template.jinja"
    if template.exists():
        config = json.loads((MODEL / "tokenizer_config.json").read_text())
        config["chat_template"] = template.read_text()
        (MODEL / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")
        template.unlink()


# --- The harness --------------------------------------------------------------------------------------


def as_json(path, out):
    """MMLU's CSV in the columns of cais/mmlu."""
    rows = []
    with path.open(newline="") as file:
        for row in csv.reader(file):
            rows.append({"question": row[0], "choices": row[1:5], "answer": "ABCD".index(row[5])})
    out.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(out)


def base(name):
    class Loader(yaml.SafeLoader):
        pass
    Loader.add_constructor("!function", lambda loader, node: node.value)
    config = yaml.load((HARNESS / name).read_text(), Loader)
    for key in ["tag", "dataset_name", "process_docs", "metadata", "training_split", "validation_split",
                "test_split", "fewshot_split", "should_decontaminate", "doc_to_decontamination_query"]:
        if key != "metadata":
            config.pop(key, None)
    return config


def task(name, config, files, **changes):
    config.update(task=name, dataset_path="json", dataset_kwargs={"data_files": files}, **changes)
    config["test_split"] = "test"
    for split in ["train", "dev"]:
        if split in files:
            config["fewshot_split"] = split
    return config


def tasks(work):
    from lm_eval.tasks.hellaswag.utils import process_docs
    made = {}
    for form, file in [("letter", "mmlu/default/_default_template_yaml"),
                       ("cloze", "mmlu/continuation/_continuation_template_yaml")]:
        for subject in ["arithmetic", "high_school_geography"]:
            files = {split: as_json(DATA / f"mmlu/{split}/{subject}_{split}.csv",
                                    work / f"{form}-{subject}-{split}.jsonl") for split in ["dev", "test"]}
            kind = "multiple choice questions" if form == "letter" else "questions"
            config = task(
                f"{form}_{subject}", base(file), files,
                description=f"The following are {kind} (with answers) about "
                            f"{subject.replace('_', ' ')}.\n\n",
                metric_list=[{"metric": m, "aggregation": "mean", "higher_is_better": True}
                             for m in ["acc", "acc_norm", "acc_bytes"]])
            made[f"{form}_{subject}"] = config
    made["arc"] = task("arc", base("arc/arc_easy.yaml"), {
        split: str(DATA / f"arc_{split}.jsonl") for split in ["train", "test"]})
    made["hellaswag"] = task("hellaswag", base("hellaswag/hellaswag.yaml"),
                             {"test": str(DATA / "hellaswag_test.jsonl")}, process_docs=process_docs)
    gsm = base("gsm8k/gsm8k.yaml")
    gsm["generation_kwargs"]["max_gen_toks"] = 48
    made["gsm8k"] = task("gsm8k", gsm, {
        split: str(DATA / f"gsm8k_{split}.jsonl") for split in ["train", "test"]})
    return made


def run(made, names, shots, chat=False, **arguments):
    out = simple_evaluate(
        model="hf", tasks=[json.loads(json.dumps(made[n])) if "process_docs" not in made[n] else dict(made[n])
                           for n in names], num_fewshot=shots, log_samples=True, batch_size=1, device="cpu",
        apply_chat_template=chat, fewshot_as_multiturn=chat, bootstrap_iters=0,
        model_args={"pretrained": str(MODEL), "dtype": "float32", **arguments})
    result = {"shots": shots, "chat": chat, "arguments": arguments, "tasks": {}}
    for name in names:
        samples = []
        seen = {}
        for sample in sorted(out["samples"][name], key=lambda s: s["doc_id"]):
            entry = seen.setdefault(sample["doc_id"], {
                "context": sample["arguments"][0][0] if isinstance(sample["arguments"], list)
                else sample["arguments"]["gen_args_0"]["arg_0"]})
            if made[name]["output_type"] == "multiple_choice":
                # [[[log-likelihood, greedy]], …]
                entry["logLikelihoods"] = [float(r[0][0]) for r in sample["resps"]]
                entry["isGreedy"] = [str(r[0][1]) == "True" for r in sample["resps"]]
                for metric in sample["metrics"]:
                    entry[metric] = sample[metric]
            else:
                entry["response"] = sample["resps"][0][0]
                entry.setdefault("extracted", {})[sample["filter"]] = sample["filtered_resps"][0]
                entry.setdefault("exact_match", {})[sample["filter"]] = sample["exact_match"]
        samples = [seen[key] for key in sorted(seen)]
        scores = {k: v for k, v in out["results"][name].items()
                  if isinstance(v, (int, float)) and k != "alias"}
        result["tasks"][name] = {"scores": scores, "samples": samples}
    return result


def main():
    shutil.rmtree(HERE, ignore_errors=True)
    DATA.mkdir(parents=True)
    mmlu()
    arc()
    hellaswag()
    rows = gsm8k(12)
    lines("gsm8k_test.jsonl", rows[:6])
    lines("gsm8k_train.jsonl", rows[6:])
    model()
    work = HERE.parent / "work"
    work.mkdir(exist_ok=True)
    made = tasks(work)
    questions = [f"{f}_{s}" for f in ["letter", "cloze"] for s in ["arithmetic", "high_school_geography"]]
    results = [
        run(made, questions + ["arc", "hellaswag"], 0),
        run(made, questions, 5),
        run(made, questions, 5, max_length=160),
        run(made, ["arc"], 2),
        run(made, ["gsm8k"], 0),
        run(made, ["gsm8k"], 3),
        run(made, questions[:1] + ["gsm8k"], 2, chat=True),
    ]
    (HERE / "results.json").write_text(
        json.dumps({"runs": results}, ensure_ascii=False, indent=1) + "\n")
    shutil.rmtree(work)
    for result in results:
        for name, entry in result["tasks"].items():
            print(result["shots"], result["chat"], result["arguments"], name, entry["scores"])


main()
