"""Makes merges.json: vectors merged by mergekit's own functions, and by the Online Merging Optimizers' formulas.

Ran with mergekit 0.1.5 and torch 2.13.0, one thread, in float32 but for slerp:

    pip install --no-deps mergekit immutables
    python make_merges.py

A list of cases: `method`, its parameters, `base` and `inputs` (lists of float32 numbers, a `shape` where a method
looks at rows), and the `expected` vector.
"""

import json
import math
import pathlib

import torch
from mergekit.config import evaluate_setting
from mergekit.merge_methods import registry
from mergekit.merge_methods.linear import linear_merge
from mergekit.merge_methods.base import TensorBatch, TensorGroup
from mergekit.merge_methods.model_stock import model_stock_merge_method
from mergekit.merge_methods.nuslerp import nuslerp
from mergekit.merge_methods.slerp import slerp
from mergekit.sparsify import RescaleNorm, magnitude, rescaled_masked_tensor

torch.set_num_threads(1)
generator = torch.Generator().manual_seed(11)
cases = []


def draw(n, scale=1.0):
    return torch.randn(n, generator=generator) * scale


def numbers(x):
    """Shortest decimals of float32, or all digits of float64."""
    return [float(str(v)) for v in x.detach().flatten().numpy()]


def add(method, expected, inputs=(), base=None, **parameters):
    case = {"method": method, "expected": numbers(expected)}
    case["inputs"] = [numbers(x) for x in inputs]
    if base is not None:
        case["base"] = numbers(base)
    cases.append(case | parameters)


def linear(inputs, weights, normalize):
    batch = TensorBatch([x[None] for x in inputs])
    return linear_merge.merge_batch(batch, weight=torch.tensor([weights]), normalize=normalize)[0]


for weights, normalize in [
    ([1, 1, 1], True), ([0.2, 0.5, 0.3], True), ([2, -0.5, 1], True), ([0.5, 0.25, 1], False),
    ([0, 0, 3], True), ([1, -1, 0], False),
]:
    inputs = [draw(6) for _ in range(3)]
    add("linear", linear(inputs, weights, normalize), inputs, weights=weights, normalize=normalize)

# slerp and nuslerp: plain pairs, near-parallel on both sides of the threshold, equal, opposite, zero, tiny.
a, b = draw(7), draw(7)
orthogonal = b - a * (a @ b) / (a @ a)
orthogonal *= a.norm() / orthogonal.norm()


def turned(degrees, scale=1.0):
    angle = math.radians(degrees)
    return scale * (math.cos(angle) * a + math.sin(angle) * orthogonal)


zero = torch.zeros(7)
pairs = [
    (a, b), (a, 3 * b), (a, turned(90)), (a, turned(1.0)), (a, turned(1.9)), (a, turned(5)),
    (a, turned(170, 2)), (a, turned(178.0)), (a, a), (a, -a), (a, 2 * a), (a, -4 * a), (a, zero),
    (zero, a), (zero, zero), (1e-10 * a, b), (1e-9 * a, -1e-9 * a), (100 * a, 1e-3 * b),
]
for first, second in pairs:
    for t in (0.0, 0.25, 0.5, 0.9, 1.0):
        # In double, for near opposite vectors float32's rounding shows.
        mixed = slerp(torch.tensor([t], dtype=torch.float64), first[None].double(), second[None].double())[0]
        add("slerp", mixed, [first, second], t=t)
for first, second in pairs:
    for t in (0.0, 0.3, 0.5, 1.0):
        # Just off a straight line mergekit's float32 cosine is noise: of a and -4a, whose cosine rounds to
        # -0.99999994, it makes numbers of 16,000. Those pairs are slerp's to test.
        if (first is a) and any(torch.equal(second, x) for x in (turned(178.0), 3 * b, -a, -4 * a)):
            continue
        add("nuslerp", nuslerp(t, first, second, flatten=True), [first, second], t=t)
base = draw(7, 0.1)
for t in (0.5, 0.2):
    first, second = base + 0.01 * a, base + 0.02 * turned(80)
    mixed = base + nuslerp(t, first - base, second - base, flatten=True)
    add("nuslerp", mixed, [first, second], base, t=t)
# WARP, more than two: the m-th with 1/m.
tasks = [draw(7, 0.05) for _ in range(4)]
mean = tasks[0]
for m, task in enumerate(tasks[1:], 2):
    mean = nuslerp(1 / m, mean, task, flatten=True)
add("warp", base + mean, [base + task for task in tasks], base)


def generalized(name, inputs, base, weights, densities, **parameters):
    method = registry.get(name)
    group = TensorGroup.from_tensors([base, *inputs], base_index=0)
    ids = [entry.id for entry in group.non_base]
    settings = {
        "int8_mask": False, "rescale": False, "weight": dict(zip(ids, weights)),
        "density": dict(zip(ids, densities)), **parameters,
    }
    merged = method.merge_group(group, **settings)
    add(
        name, merged, inputs, base, weights=weights, densities=densities,
        rescale=settings["rescale"], normalize=settings["normalize"], scale=settings["lambda"],
    )


def deltas(*rows):
    return [torch.tensor(row, dtype=torch.float32) for row in rows]


base = draw(16, 0.2)
inputs = [base + draw(16, 0.1) for _ in range(3)]
for weights, normalize, scale in [
    ([1, 1, 1], False, 1), ([0.3, 0.5, -0.2], False, 0.7), ([1, 2, 3], True, 1), ([1, -1, 0], True, 1),
]:
    generalized(
        "task_arithmetic", inputs, base, weights, [1, 1, 1], normalize=normalize, **{"lambda": scale})
for density in (0.2, 0.5, 0.03, 1.0, 0.0):
    for weights in ([1, 1, 1], [0.3, 0.5, 0.9], [1, -0.5, 0.25]):
        for normalize in (True, False):
            generalized(
                "ties", inputs, base, weights, [density, 0.5, density], normalize=normalize,
                **{"lambda": 1.5 if normalize else 1})
generalized("ties", inputs, base, [1, 1, 1], [0.3] * 3, normalize=True, rescale=True, **{"lambda": 1})
# Sums of exactly 0, zeros, equal magnitudes, sums whose sign depends on float32's rounding; a base of zeros keeps them.
zero = torch.zeros(8)
ties = deltas(
    [1, -1, 0, 0, 2, 0.1, 0.3, 1e-8], [-1, 1, 0, 3, -1, 0.2, -0.1, -1e-8],
    [0, 0, 0, -3, -1, -0.3, -0.2, 1],
)
for weights in ([1, 1, 1], [1, 1, 2], [0.5, 0.5, 1], [1, 1, -1], [0, 0, 1]):
    for density in (1.0, 0.5, 0.3, 0.1):
        for normalize in (True, False):
            generalized(
                "ties", ties, zero, weights, [density] * 3, normalize=normalize, **{"lambda": 1})

for shape, noise in [((6, 7), 0.1), ((1, 5), 1.0)]:
    base = draw(shape)
    shared = draw(shape, 0.1)
    inputs = [base + shared + draw(shape, noise) for _ in range(3)]
    for wise in (False, True):
        merged = model_stock_merge_method.merge_group(
            TensorGroup.from_tensors([base, *inputs], base_index=0), filter_wise=wise)
        add("model_stock", merged, inputs, base, shape=list(shape), filterWise=wise)
base, step = draw(9), draw(9)
for inputs in ([base + step, base - step], [base, base], [base + step, base + step], [base + step, base]):
    merged = model_stock_merge_method.merge_group(TensorGroup.from_tensors([base, *inputs], base_index=0))
    add("model_stock", merged, inputs, base, shape=[9], filterWise=False)

x = draw(24, 0.1)
for density in (0.1, 0.5, 0.9):
    mask = (torch.rand(24, generator=generator) < density).float()
    add("masked", rescaled_masked_tensor(x, mask, RescaleNorm.l1), [x, mask], rescale="norm", density=density)
    add("masked", rescaled_masked_tensor(x, mask, None), [x, mask], rescale="none", density=density)
    # The paper's: Yu et al. 2023, Algorithm 1.
    add("masked", x * mask / density, [x, mask], rescale="density", density=density)
add("masked", torch.zeros(24), [x, torch.zeros(24)], rescale="norm", density=0.1)
equal = torch.tensor([0.5, -0.5, 0.25, 0.5, -0.125, 0.0])
for density in (0.01, 0.2, 0.34, 0.5, 0.67, 0.99, 1.0, 0.0):
    add("magnitude", magnitude(equal, density), [equal], density=density)
    add("magnitude", magnitude(x, density), [x], density=density)

for anchors in ([0.0, 1.0], [0, 0.5, 0.3, 0.7, 1], [0.25]):
    depths = [i / 7 for i in range(8)]
    values = [evaluate_setting("", anchors, depth, validate=float) for depth in depths]
    add("gradient", torch.tensor(values, dtype=torch.float64), anchors=anchors, depths=depths)


def online(update, task, theta, alpha, share):
    """OTAdamW of QwenLM/online_merging_optimizers after Adam's step, in double."""
    def thinned(v):
        k = int(share * v.numel())
        if share >= 1 or k < 1:
            return v.clone()
        keep = torch.zeros_like(v)
        keep[torch.argsort(v.abs(), descending=True)[:k]] = 1
        return v * keep

    both = torch.stack([thinned(task), thinned(update)])
    sign = (both.sum(0) >= 0) * 2 - 1
    both = both * (both.sign() == sign)
    both = both.double()
    return theta.double() + alpha * both[0] + (1 - alpha) * both[1]


for alpha, share in [(0.0, 1.0), (0.3, 0.5), (1e-4, 0.2), (1.0, 0.5), (0.5, 0.01)]:
    update, task, theta = draw(21, 0.1), draw(21, 0.1), draw(21)
    update[3], task[3], update[5], task[5] = 0.0, 0.0, 0.2, -0.2
    add(
        "onties", online(update, task, theta, alpha, share), [update, task, theta], alpha=alpha,
        share=share)

path = pathlib.Path(__file__).parent / "merges" / "expected.json"
path.parent.mkdir(exist_ok=True)
lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
path.write_text(f'{{"cases":[\n{lines}\n]}}\n')
print(len(cases), path.stat().st_size)
