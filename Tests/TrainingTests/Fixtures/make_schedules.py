"""Makes schedules.json: what transformers' schedulers multiply a learning rate of 1 by, steps 0 to 130.

`linear`, `cosine` with a minimum ratio and `constant` after a warm-up, and warm-up, stable, decay with each of
its three shapes. 110 steps, 10 of warm-up, 30 of decay, minimum ratio 0.1 where there is one.
"""
import json
import torch
import transformers
from transformers import get_scheduler

STEPS, WARMUP, DECAY, RATIO = 110, 10, 30, 0.1


def factors(name, warmup=WARMUP, **kwargs):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = get_scheduler(name, optimizer, num_warmup_steps=warmup, num_training_steps=STEPS,
                              scheduler_specific_kwargs=kwargs)
    values = []
    for _ in range(131):
        values.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return values


def wsd(shape, **kwargs):
    return factors("warmup_stable_decay", num_decay_steps=DECAY, decay_type=shape, min_lr_ratio=RATIO, **kwargs)


cases = [
    {"decay": "constant", "ratio": 0, "warmup": WARMUP, "factors": factors("constant_with_warmup")},
    {"decay": "linear", "ratio": 0, "warmup": WARMUP, "factors": factors("linear")},
    {"decay": "cosine", "ratio": 0, "warmup": WARMUP, "factors": factors("cosine")},
    {"decay": "cosine", "ratio": RATIO, "warmup": WARMUP, "factors": factors("cosine_with_min_lr", min_lr_rate=RATIO)},
    {"decay": "cosine", "ratio": 0, "warmup": 0, "factors": factors("cosine", warmup=0)},
] + [
    {"decay": "wsd", "fall": shape, "ratio": RATIO, "warmup": WARMUP, "factors": wsd(shape)}
    for shape in ("linear", "cosine", "1-sqrt")
]
with open("schedules.json", "w") as out:
    json.dump({"transformers": transformers.__version__, "steps": STEPS, "decaySteps": DECAY, "cases": cases}, out)
