"""Makes the fixtures of families beyond plain Llama: tiny models with random weights by Hugging Face
transformers, and what torch computes with them. Ran with torch 2.13.0 and transformers 5.23.0,
float32, one thread, eager attention:

    python make_decoders.py

Each folder is laid out as `make_llama.py` says. Longest documents are beyond the original positions
of the rotary scalings and beyond the sliding window, so that both matter.
"""

import json
import pathlib

import torch
import transformers

torch.set_num_threads(1)
HERE = pathlib.Path(__file__).parent
STEP = dict(lr=5e-3, betas=(0.9, 0.95), eps=1e-8)
DECAY = 0.1
CLIP = 1.0
VOCABULARY = 43


def loss_of(model, documents):
    total, count = 0.0, 0
    for ids in documents:
        logits = model(torch.tensor([ids])).logits[0]
        total = total + torch.nn.functional.cross_entropy(
            logits[:-1], torch.tensor(ids[1:]), reduction="sum"
        )
        count += len(ids) - 1
    return total / count


def make(name, family, **options):
    torch.manual_seed(23)
    config = getattr(transformers, family + "Config")(
        vocab_size=VOCABULARY, initializer_range=0.15, bos_token_id=0, eos_token_id=1,
        attn_implementation="eager", **options,
    )
    model = getattr(transformers, family + "ForCausalLM")(config).float().eval()
    with torch.no_grad():  # gains of 1 (or 0) and biases of 0 would hide mistakes
        for key, value in model.named_parameters():
            if value.ndim == 1:
                value.add_(0.3 * torch.randn_like(value))
    folder = HERE / name
    model.save_pretrained(folder)
    generator = torch.Generator().manual_seed(5)
    documents = [
        torch.randint(0, VOCABULARY, (length,), generator=generator).tolist()
        for length in (29, 2, 7)
    ]
    with torch.no_grad():
        logits = [model(torch.tensor([ids])).logits[0].tolist() for ids in documents]
    parameters = list(model.parameters())
    optimiser = torch.optim.AdamW(
        [
            dict(params=[p for p in parameters if p.ndim > 1], weight_decay=DECAY),
            dict(params=[p for p in parameters if p.ndim == 1], weight_decay=0.0),
        ],
        **STEP,
    )
    losses, norms, gradients = [], [], None
    for _ in range(5):
        optimiser.zero_grad()
        loss = loss_of(model, documents)
        loss.backward()
        if gradients is None:
            gradients = {n: p.grad.norm().item() for n, p in model.named_parameters()}
        norms.append(torch.nn.utils.clip_grad_norm_(parameters, CLIP).item())
        losses.append(loss.item())
        optimiser.step()
    losses.append(loss_of(model, documents).item())
    logits = [[[float(f"{x:.7g}") for x in row] for row in rows] for rows in logits]
    expected = dict(
        documents=documents, logits=logits, losses=losses, norms=norms, gradients=gradients
    )
    (folder / "expected.json").write_text(json.dumps(expected) + "\n")
    (folder / "generation_config.json").unlink(missing_ok=True)


make(
    "llama3-rope", "Llama", hidden_size=24, num_hidden_layers=2, num_attention_heads=2,
    num_key_value_heads=1, head_dim=16, intermediate_size=28, tie_word_embeddings=False,
    rms_norm_eps=1e-5, max_position_embeddings=128,
    rope_parameters=dict(
        rope_type="llama3", rope_theta=500.0, factor=8.0, low_freq_factor=1.0,
        high_freq_factor=4.0, original_max_position_embeddings=16,
    ),
)
make(
    "llama-linear-rope", "Llama", hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
    num_key_value_heads=2, intermediate_size=24, tie_word_embeddings=True, rms_norm_eps=1e-5,
    max_position_embeddings=64,
    rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=4.0),
)
make(
    "qwen2-yarn", "Qwen2", hidden_size=24, num_hidden_layers=2, num_attention_heads=3,
    num_key_value_heads=1, intermediate_size=28, tie_word_embeddings=False, rms_norm_eps=1e-6,
    max_position_embeddings=64, use_sliding_window=False,
    rope_parameters=dict(
        rope_type="yarn", rope_theta=100.0, factor=4.0, original_max_position_embeddings=16,
        beta_fast=2.0, beta_slow=0.5,
    ),
)
make(
    "qwen2-tied", "Qwen2", hidden_size=20, num_hidden_layers=2, num_attention_heads=2,
    num_key_value_heads=1, intermediate_size=36, tie_word_embeddings=True, rms_norm_eps=1e-6,
    max_position_embeddings=64, use_sliding_window=False,
    rope_parameters=dict(rope_type="default", rope_theta=1000000.0),
)
make(
    "qwen3-tied", "Qwen3", hidden_size=20, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, head_dim=6, intermediate_size=36, tie_word_embeddings=True,
    rms_norm_eps=1e-6, max_position_embeddings=64, use_sliding_window=False,
    rope_parameters=dict(rope_type="default", rope_theta=500000.0),
)
make(
    "gemma2", "Gemma2", hidden_size=20, num_hidden_layers=3, num_attention_heads=4,
    num_key_value_heads=2, head_dim=8, intermediate_size=36, rms_norm_eps=1e-6,
    max_position_embeddings=64, sliding_window=5, query_pre_attn_scalar=12,
    attn_logit_softcapping=2.0, final_logit_softcapping=3.0,
    rope_parameters=dict(rope_type="default", rope_theta=10000.0),
)
