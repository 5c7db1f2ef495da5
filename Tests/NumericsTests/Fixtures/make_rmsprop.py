"""Makes rmsprop.txt with torch (CPU): steps of RMSProp with momentum in the order of operations that
AXLearn's `adastar_optimizer` documents (smoothed squares of g² + eps_square with bias correction, raw
updates clipped by their root mean square, smoothed without bias correction, then learning rate, weight
decay and schedule). Computed in float64; parameters, gradients and results as hex float32 bits.

First line: steps, count, lr, beta1, beta2, eps, clip, decay per step. Then the parameters, and per step the
gradients and the parameters and moments after it.
"""
import struct
import torch

torch.manual_seed(5)


def line(out, tensor):
    out.write(" ".join("%08x" % struct.unpack("<I", struct.pack("<f", v))[0] for v in tensor.tolist()) + "\n")


with open("rmsprop.txt", "w") as out:
    count, steps, lr, beta1, beta2, eps, clip, decay = 67, 6, 1e-2, 0.95, 0.9, 1e-30, 1.0, 3e-4
    out.write(f"{steps} {count} {lr} {beta1} {beta2} {eps} {clip} {decay}\n")
    p = torch.randn(count).double()
    m, s = torch.zeros_like(p), torch.zeros_like(p)
    line(out, p)
    for step in range(1, steps + 1):
        # Growing gradients, so that later raw updates have a root mean square above 1 and are clipped.
        g = (torch.randn(count) * 4.0 ** (step - 1)).float()
        g[3] = 0
        line(out, g)
        g = g.double()
        s = beta2 * s + (1 - beta2) * (g**2 + eps)
        u = g / (s / (1 - beta2**step)).sqrt()
        u = u / max(1.0, u.square().mean().sqrt().item() / clip)
        m = beta1 * m + (1 - beta1) * u
        p = p - decay * p - lr * m
        line(out, p)
        line(out, m)
        line(out, s)
