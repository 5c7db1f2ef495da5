"""Samples with transformers' generate what `exp bench sample` samples: 64 prompts of 32 tokens, 8 samples of
64 tokens each, from model A with random weights. Argument: THREADS. Prints tokens a second."""
import sys
import time

import torch
from transformers import LlamaConfig, LlamaForCausalLM

torch.set_num_threads(int(sys.argv[1]))
torch.manual_seed(0)
model = LlamaForCausalLM(LlamaConfig(
    vocab_size=4096, hidden_size=256, intermediate_size=688, num_hidden_layers=6, num_attention_heads=8,
    num_key_value_heads=4, max_position_embeddings=512, tie_word_embeddings=True, bos_token_id=None,
    eos_token_id=None, pad_token_id=0)).eval()
prompts = torch.randint(1, 4096, (64, 32))
with torch.no_grad():
    start = time.perf_counter()
    model.generate(prompts, attention_mask=torch.ones_like(prompts), do_sample=True, top_k=0,
                   num_return_sequences=8, max_new_tokens=64, min_new_tokens=64)
    print("tokens/s", 64 * 8 * 64 / (time.perf_counter() - start), sep="\t")
