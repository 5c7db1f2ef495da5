"""Makes the fixtures of families beyond plain Llama; `fixture.py` says what is in a folder.

    python make_decoders.py [NAME...]

Longest documents are beyond the original positions of the rotary scalings and beyond the sliding window,
so that both matter.
"""

import sys

import torch
import transformers

from fixture import draw, write

VOCABULARY = 43


def make(name, family, vocabulary=VOCABULARY, lengths=(29, 2, 7), **options):
    if sys.argv[1:] and name not in sys.argv[1:]:
        return
    torch.manual_seed(23)
    options = dict(bos_token_id=0, eos_token_id=1, **options)
    config = getattr(transformers, family + "Config")(
        vocab_size=vocabulary, initializer_range=0.15, attn_implementation="eager",
        experts_implementation="eager", **options,
    )
    model = getattr(transformers, family + "ForCausalLM")(config).float().eval()
    with torch.no_grad():  # gains of 1 (or 0) and biases of 0 would hide mistakes
        for key, value in model.named_parameters():
            if value.ndim == 1:
                value.add_(0.3 * torch.randn_like(value))
            elif key.endswith("mlp.gate.weight"):  # a router that starts at 0 would tie
                value.normal_(0, 0.5)
    write(name, model, draw(vocabulary, lengths), digits=7)


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
make(
    "llama-biases", "Llama", vocabulary=37, hidden_size=18, num_hidden_layers=2,
    num_attention_heads=6, num_key_value_heads=2, head_dim=4, intermediate_size=22,
    tie_word_embeddings=False, rms_norm_eps=1e-5, max_position_embeddings=64, attention_bias=True,
    mlp_bias=True, rope_parameters=dict(rope_type="default", rope_theta=10000.0),
)
make(
    "qwen2-window", "Qwen2", vocabulary=51, hidden_size=16, num_hidden_layers=3,
    num_attention_heads=4, num_key_value_heads=4, intermediate_size=20, tie_word_embeddings=True,
    rms_norm_eps=1e-6, max_position_embeddings=64, use_sliding_window=True, sliding_window=6,
    max_window_layers=1, rope_parameters=dict(rope_type="default", rope_theta=10000.0),
)
make(
    "gemma2-untied", "Gemma2", vocabulary=47, hidden_size=24, num_hidden_layers=2,
    num_attention_heads=3, num_key_value_heads=1, head_dim=10, intermediate_size=30,
    tie_word_embeddings=False, rms_norm_eps=1e-5, max_position_embeddings=64, sliding_window=4,
    query_pre_attn_scalar=7, attn_logit_softcapping=None, final_logit_softcapping=5.0,
    layer_types=["full_attention", "sliding_attention"],
    rope_parameters=dict(rope_type="default", rope_theta=500.0),
)
make(
    "qwen2-moe", "Qwen2Moe", hidden_size=16, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, intermediate_size=20, moe_intermediate_size=6,
    shared_expert_intermediate_size=10, num_experts=6, num_experts_per_tok=2,
    norm_topk_prob=False, router_aux_loss_coef=0.1, tie_word_embeddings=False, rms_norm_eps=1e-6,
    max_position_embeddings=64, use_sliding_window=False,
    rope_parameters=dict(rope_type="default", rope_theta=10000.0),
)
make(
    "qwen2-moe-mixed", "Qwen2Moe", vocabulary=39, hidden_size=20, num_hidden_layers=4,
    num_attention_heads=2, num_key_value_heads=1, intermediate_size=26, moe_intermediate_size=5,
    shared_expert_intermediate_size=7, num_experts=5, num_experts_per_tok=3, norm_topk_prob=True,
    router_aux_loss_coef=0.05, decoder_sparse_step=1, mlp_only_layers=[1],
    tie_word_embeddings=True, rms_norm_eps=1e-5, max_position_embeddings=64,
    use_sliding_window=False, rope_parameters=dict(rope_type="default", rope_theta=5000.0),
)
