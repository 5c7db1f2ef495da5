"""Makes ema.json with torch.optim.swa_utils: exponential and uniform averages of five parameter vectors.

Vectors and the exponential average as float32 values, the uniform one from float64.
"""
import json
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

torch.manual_seed(7)
vectors = [torch.randn(13) * 10.0 ** (i - 2) for i in range(5)]
model = torch.nn.Linear(13, 1, bias=False)
average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9))
steps = []
for vector in vectors:
    with torch.no_grad():
        model.weight.copy_(vector[None])
    average.update_parameters(model)
    steps.append(average.module.weight.detach().reshape(-1).tolist())
mean = torch.stack([v.double() for v in vectors]).mean(0).float()
with open("ema.json", "w") as out:
    json.dump({"decay": 0.9, "vectors": [v.tolist() for v in vectors], "ema": steps, "mean": mean.tolist()}, out)
