"""Makes the fixtures `llama-untied` and `llama-tied`; `fixture.py` says what is in a folder.

    python make_llama.py
"""

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from fixture import draw, write


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
    write(name, model, draw(61, (13, 5, 9)))


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
