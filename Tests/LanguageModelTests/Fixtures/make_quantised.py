"""Makes quantised/expected.json: a matrix rounded to few bits by torch.fake_quantize_per_channel_affine, every group of a
row a channel. Ran with torch 2.13.0:

    python make_quantised.py

`matrix` [4, 12]; `cases` of bits, group and symmetric with the matrix that the codes stand for; `halves`, floats and
their nearest float16.
"""

import json
import pathlib

import torch

generator = torch.Generator().manual_seed(3)
matrix = torch.randn(4, 12, generator=generator) * 0.05
matrix[1, :6] = 0
matrix[2, 3] = 0.9
matrix[3, :6] = matrix[3, :6].abs()


def numbers(x):
    return [float(str(v)) for v in x.flatten().numpy()]


cases = []
for bits in (2, 4, 8):
    for group in (6, 12):
        for symmetric in (True, False):
            x = matrix.reshape(-1, group)
            if symmetric:
                low, high = -(2 ** (bits - 1) - 1), 2 ** (bits - 1) - 1
                scale = x.abs().amax(1) / high
                zero = torch.zeros(len(x), dtype=torch.int32)
            else:
                low, high = 0, 2**bits - 1
                least, most = x.amin(1).clamp(max=0), x.amax(1).clamp(min=0)
                scale = (most - least) / high
                zero = torch.round(-least / scale).nan_to_num(0).clamp(low, high).to(torch.int32)
            scale = torch.where(scale == 0, 1, scale)
            back = torch.fake_quantize_per_channel_affine(x, scale, zero, 0, low, high)
            cases.append(dict(bits=bits, group=group, symmetric=symmetric, expected=numbers(back)))

halves = torch.cat([
    torch.randn(60, generator=generator) * 10.0 ** torch.randint(-9, 6, (60,), generator=generator),
    torch.tensor([0.0, 65504, 65519.99, 6e-8, 2.9e-8, 2.98023224e-8, 6.1035e-5, 6.0975e-5, 1.00048828125, 1.00146484375, -1.0]),
])
halves = halves[halves.abs() < 65520]
path = pathlib.Path(__file__).parent / "quantised" / "expected.json"
path.parent.mkdir(exist_ok=True)
path.write_text(json.dumps(dict(
    matrix=numbers(matrix), cases=cases,
    halves=[numbers(halves), numbers(halves.half().float())])) + "\n")
