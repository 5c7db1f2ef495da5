"""A plain PyTorch float32 trainer of the models of `exp bench train`, for script/bench: rms_norm,
scaled_dot_product_attention, fused AdamW. Arguments: SHAPE THREADS STEPS [compile]. Prints tokens a second."""
import sys, time, resource
import torch, torch.nn as nn, torch.nn.functional as F
SHAPES = {"A": (256, 6, 8, 4, 688, 4096, 256, 16), "B": (512, 8, 8, 4, 1376, 4096, 512, 8), "C": (128, 4, 4, 2, 344, 1024, 128, 16)}
name, threads, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
compiled = len(sys.argv) > 4 and sys.argv[4] == "compile"
d, layers, heads, kv, ff, vocab, seq, batch = SHAPES[name]
torch.set_num_threads(threads)
hd = d // heads
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.n1 = nn.Parameter(torch.ones(d)); self.n2 = nn.Parameter(torch.ones(d))
        self.qkv = nn.Linear(d, (heads + 2 * kv) * hd, bias=False); self.o = nn.Linear(heads * hd, d, bias=False)
        self.gu = nn.Linear(d, 2 * ff, bias=False); self.down = nn.Linear(ff, d, bias=False)
    def forward(self, x, cos, sin):
        b, t, _ = x.shape
        q, k, v = self.qkv(F.rms_norm(x, (d,), self.n1, 1e-5)).split([heads * hd, kv * hd, kv * hd], -1)
        q = q.view(b, t, heads, hd).transpose(1, 2); k = k.view(b, t, kv, hd).transpose(1, 2); v = v.view(b, t, kv, hd).transpose(1, 2)
        def rot(z): return z * cos + torch.cat((-z[..., hd // 2:], z[..., :hd // 2]), -1) * sin
        y = F.scaled_dot_product_attention(rot(q), rot(k), v, is_causal=True, enable_gqa=True)
        x = x + self.o(y.transpose(1, 2).reshape(b, t, heads * hd))
        g, u = self.gu(F.rms_norm(x, (d,), self.n2, 1e-5)).chunk(2, -1)
        return x + self.down(F.silu(g) * u)
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(vocab, d); self.blocks = nn.ModuleList(Block() for _ in range(layers)); self.n = nn.Parameter(torch.ones(d))
        f = 10000 ** (-torch.arange(0, hd, 2).float() / hd); a = torch.outer(torch.arange(seq).float(), f); a = torch.cat((a, a), -1)
        self.register_buffer("cos", a.cos()); self.register_buffer("sin", a.sin())
    def forward(self, ids, targets):
        x = self.emb(ids)
        for b in self.blocks: x = b(x, self.cos, self.sin)
        logits = F.rms_norm(x, (d,), self.n, 1e-5) @ self.emb.weight.T
        return F.cross_entropy(logits.view(-1, vocab), targets.reshape(-1))
torch.manual_seed(0)
m = Model()
opt = torch.optim.AdamW(m.parameters(), lr=1e-3, betas=(.9, .95), weight_decay=.1, fused=True)
f = torch.compile(m) if compiled else m
ids = torch.randint(0, vocab, (batch, seq + 1))
best = 1e9
for i in range(steps + (3 if compiled else 1)):
    t = time.perf_counter()
    loss = f(ids[:, :-1], ids[:, 1:]); loss.backward()
    torch.nn.utils.clip_grad_norm_(m.parameters(), 1.0)
    opt.step(); opt.zero_grad()
    if i: best = min(best, time.perf_counter() - t)
print("tokens/s", batch * seq / best, sep="\t")
print("peak MiB", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, sep="\t")
