"""Makes adamw.txt with torch (CPU, float32): five steps of AdamW without fused kernels.

First line: steps, count, lr, betas, eps, weight decay. Then, as hex float32 bits, the parameters,
per step the gradients and the parameters and moments after it; then a clipped gradient and its norm.
"""
import struct
import torch

torch.manual_seed(3)


def line(out, tensor):
    out.write(" ".join("%08x" % struct.unpack("<I", struct.pack("<f", v))[0] for v in tensor.tolist()) + "\n")


with open("adamw.txt", "w") as out:
    count, steps, lr, betas, eps, decay = 67, 5, 3e-3, (0.9, 0.95), 1e-8, 0.1
    out.write(f"{steps} {count} {lr} {betas[0]} {betas[1]} {eps} {decay}\n")
    p = torch.nn.Parameter(torch.randn(count))
    rule = torch.optim.AdamW([p], lr=lr, betas=betas, eps=eps, weight_decay=decay, foreach=False, fused=False)
    line(out, p.detach())
    for step in range(steps):
        p.grad = torch.randn(count) * 10 ** (-step)
        line(out, p.grad)
        rule.step()
        line(out, p.detach())
        line(out, rule.state[p]["exp_avg"])
        line(out, rule.state[p]["exp_avg_sq"])
    p.grad = torch.randn(count)
    line(out, p.grad)
    norm = torch.nn.utils.clip_grad_norm_([p], 1.5)
    line(out, p.grad)
    line(out, norm.reshape(1))
