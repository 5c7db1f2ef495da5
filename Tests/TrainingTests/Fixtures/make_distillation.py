"""Makes `distillation.json` and `pruning.json` from the models in `llama-untied` (the student, the pruned one)
and `llama-tied` (the teacher), by transformers and torch's autograd. Ran with torch 2.13.0 and transformers
5.24.0, float32, one thread, eager attention; soft top-k in float64:

    python make_distillation.py

distillation.json, a list of cases, over the documents of llama-untied/expected.json:
  targets, weight, temperature      what is to be predicted: weight · teacher + (1 - weight) · label
  loss, kl, agreement, entropy      means over target tokens
  gradients                         L2 norm of each tensor's gradient of the loss
pruning.json:
  softTopK    cases of scores, count, iterations, epsilon, decay, floor, slopes -> masks, and the gradient of
              sum(slopes · masks) in the scores, through all iterations
  scores      per layer, of hidden units; count of them are to stay
  loss        next-token loss of llama-untied with the gated products masked by soft top-k of the scores
  scoreGradients, gradients         of it: per layer; L2 norm by tensor
"""

import json
import math
import pathlib

import torch
import transformers

from fixture import loss_of

torch.set_num_threads(1)
HERE = pathlib.Path(__file__).parent


def load(name):
    return transformers.AutoModelForCausalLM.from_pretrained(
        HERE / name, attn_implementation="eager", dtype=torch.float32
    )


def norms(model):
    return {name: p.grad.double().norm().item() for name, p in model.named_parameters()}


def distillation():
    student, teacher = load("llama-untied"), load("llama-tied")
    documents = json.loads((HERE / "llama-untied/expected.json").read_text())["documents"]
    cases = []
    for targets, weight, temperature in [
        ("first-choice", 0.9, 1.0), ("first-choice", 1.0, 1.0), ("full", 1.0, 1.0),
        ("full", 0.7, 1.0), ("full", 1.0, 2.0),
    ]:
        student.zero_grad()
        logits, labels, taught = [], [], []
        for ids in documents:
            logits.append(student(torch.tensor([ids])).logits[0][:-1])
            with torch.no_grad():
                taught.append(teacher(torch.tensor([ids])).logits[0][:-1])
            labels += ids[1:]
        logits, taught, labels = torch.cat(logits), torch.cat(taught), torch.tensor(labels)
        choices = taught.argmax(-1)
        if targets == "full":
            part = torch.softmax(taught / temperature, -1)
        else:
            part = torch.nn.functional.one_hot(choices, taught.shape[-1]).float()
        one_hot = torch.nn.functional.one_hot(labels, taught.shape[-1]).float()
        target = weight * part + (1 - weight) * one_hot
        loss = torch.nn.functional.cross_entropy(logits, target)
        loss.backward()
        with torch.no_grad():
            p = torch.log_softmax(logits.double(), -1)
            kl = torch.xlogy(part.double(), part.double()) - part.double() * p
            cases.append({
                "targets": targets, "weight": weight, "temperature": temperature,
                "loss": loss.item(), "kl": kl.sum(-1).mean().item(),
                "agreement": (logits.argmax(-1) == choices).double().mean().item(),
                "entropy": -(p.exp() * p).sum(-1).mean().item(), "gradients": norms(student),
            })
    return cases


def soft_top_k(s, k, iterations=20, epsilon=4.0, decay=0.7, floor=0.0):
    b = -s
    for n in range(iterations):
        e = max(floor, epsilon * decay**n)
        a = e * (math.log(k) - torch.logsumexp((s + b) / e, -1))
        b = -torch.relu(s + a)
    return torch.exp((s + a + b) / e)


def soft_top_k_cases():
    generator = torch.Generator().manual_seed(3)
    cases = []
    for n, k, options, scale in [
        (7, 3, {}, 0.01), (7, 3, {}, 1.0), (40, 11, dict(floor=0.1), 1.0),
        (40, 30, dict(iterations=50, epsilon=0.5, decay=1.0), 2.0),
        (24, 1, dict(iterations=5, epsilon=1.0, decay=0.5), 0.5), (16, 5, {}, 0.0),
    ]:
        s = (scale * torch.randn(n, generator=generator, dtype=torch.float64)).requires_grad_()
        slopes = torch.randn(n, generator=generator, dtype=torch.float64)
        m = soft_top_k(s, k, **options)
        (slopes * m).sum().backward()
        cases.append({
            "count": k, "scores": s.tolist(), "slopes": slopes.tolist(), "masks": m.tolist(),
            "gradient": s.grad.tolist(),
            **{**dict(iterations=20, epsilon=4.0, decay=0.7, floor=0.0), **options},
        })
    return cases


def pruning():
    model = load("llama-untied")
    documents = json.loads((HERE / "llama-untied/expected.json").read_text())["documents"]
    generator = torch.Generator().manual_seed(4)
    width, layers = model.config.intermediate_size, model.model.layers
    count = width // 2
    scores = [
        torch.randn(width, generator=generator, dtype=torch.float64).requires_grad_() for _ in layers
    ]
    options = dict(floor=0.2)
    for layer, s in zip(layers, scores):
        layer.mlp.down_proj.register_forward_pre_hook(
            lambda _, x, s=s: (x[0] * soft_top_k(s, count, **options).float(),)
        )
    loss, _ = loss_of(model, documents)
    loss.backward()
    return {
        "softTopK": soft_top_k_cases(), "count": count, **options,
        "scores": [s.tolist() for s in scores], "loss": loss.item(),
        "scoreGradients": [s.grad.tolist() for s in scores], "gradients": norms(model),
    }


(HERE / "distillation.json").write_text(json.dumps(distillation(), indent=1) + "\n")
(HERE / "pruning.json").write_text(json.dumps(pruning(), indent=1) + "\n")
