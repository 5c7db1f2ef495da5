"""Makes the fixtures `llama-*`: tiny models with random weights by Hugging Face transformers, and
what torch computes with them. Ran with torch 2.13.0 and transformers 5.23.0, float32, one thread:

    python make_llama.py

Each folder is a model folder plus `expected.json`:
  documents   token ids; each document is one forward pass
  logits      per document, [tokens, vocabulary]
  losses      mean next-token loss over all documents, before each of five AdamW steps
  norms       L2 norm of the loss's gradient before each step
  gradients   L2 norm of each tensor's gradient before the first step
"""

import json
import pathlib

import torch
from transformers import LlamaConfig, LlamaForCausalLM

torch.set_num_threads(1)
HERE = pathlib.Path(__file__).parent
STEP = dict(lr=5e-3, betas=(0.9, 0.95), eps=1e-8)
DECAY = 0.1
CLIP = 1.0


def loss_of(model, documents):
    total, count = 0.0, 0
    for ids in documents:
        logits = model(torch.tensor([ids])).logits[0]
        total = total + torch.nn.functional.cross_entropy(
            logits[:-1], torch.tensor(ids[1:]), reduction="sum"
        )
        count += len(ids) - 1
    return total / count


def make(name, **options):
    torch.manual_seed(17)
    config = LlamaConfig(
        vocab_size=61, max_position_embeddings=64, initializer_range=0.08, bos_token_id=0,
        eos_token_id=1, **options,
    )
    model = LlamaForCausalLM(config).float().eval()
    with torch.no_grad():  # gains of 1 would hide mistakes in the norms
        for key, value in model.named_parameters():
            if "norm" in key:
                value.add_(0.3 * torch.randn_like(value))
    folder = HERE / name
    model.save_pretrained(folder)
    generator = torch.Generator().manual_seed(5)
    documents = [
        torch.randint(0, 61, (length,), generator=generator).tolist() for length in (13, 5, 9)
    ]
    with torch.no_grad():
        logits = [model(torch.tensor([ids])).logits[0].tolist() for ids in documents]
    plain = [p for n, p in model.named_parameters() if "norm" in n]
    decayed = [p for n, p in model.named_parameters() if "norm" not in n]
    optimiser = torch.optim.AdamW(
        [dict(params=decayed, weight_decay=DECAY), dict(params=plain, weight_decay=0.0)], **STEP
    )
    losses, norms, gradients = [], [], None
    for _ in range(5):
        optimiser.zero_grad()
        loss = loss_of(model, documents)
        loss.backward()
        if gradients is None:
            gradients = {n: p.grad.norm().item() for n, p in model.named_parameters()}
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP).item())
        losses.append(loss.item())
        optimiser.step()
    losses.append(loss_of(model, documents).item())
    expected = dict(
        documents=documents, logits=logits, losses=losses, norms=norms, gradients=gradients
    )
    (folder / "expected.json").write_text(json.dumps(expected) + "\n")
    (folder / "generation_config.json").unlink(missing_ok=True)


make(
    "llama-untied", hidden_size=24, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, intermediate_size=40, tie_word_embeddings=False, rms_norm_eps=1e-5,
    rope_parameters=dict(rope_type="default", rope_theta=500000.0),
)
make(
    "llama-tied", hidden_size=21, num_hidden_layers=3, num_attention_heads=3, head_dim=8,
    num_key_value_heads=1, intermediate_size=33, tie_word_embeddings=True, rms_norm_eps=1e-6,
    rope_parameters=dict(rope_type="default", rope_theta=10000.0),
)
