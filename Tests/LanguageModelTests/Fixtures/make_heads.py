"""Makes the fixtures `score-*` and `lora`: tiny models with random weights by Hugging Face transformers and PEFT,
and what torch computes with them. Ran with torch 2.13.0, transformers 5.24.0 and peft 0.21.2, float32, one
thread, eager attention:

    python make_heads.py

`score-*` are model folders plus `expected.json`:
  documents   token ids
  scores      per document, [labels]
  gradients   L2 norm of each tensor's gradient of Σ over documents and labels (label + 1) · score²
`lora` has a base model, PEFT's adapter folder and `expected.json`:
  documents   token ids
  logits      per document, [tokens, vocabulary], with the adapter
  loss        mean next-token loss over all documents
  gradients   L2 norm of each adapter tensor's gradient of it
"""

import json
import pathlib
import shutil

import peft
import torch
import transformers

torch.set_num_threads(1)
HERE = pathlib.Path(__file__).parent


def draw(vocabulary, lengths):
    generator = torch.Generator().manual_seed(5)
    return [torch.randint(0, vocabulary, (n,), generator=generator).tolist() for n in lengths]


def perturb(model):
    with torch.no_grad():
        for key, value in model.named_parameters():
            if value.ndim == 1:
                value.add_(0.3 * torch.randn_like(value))
            elif key.endswith("mlp.gate.weight"):
                value.normal_(0, 0.5)


def put(folder, expected):
    (folder / "expected.json").write_text(json.dumps(expected) + "\n")
    for extra in folder.glob("**/generation_config.json"):
        extra.unlink()
    for extra in folder.glob("**/README.md"):
        extra.unlink()


def score(name, family, labels, **options):
    torch.manual_seed(31)
    config = getattr(transformers, family + "Config")(
        vocab_size=29, initializer_range=0.15, attn_implementation="eager",
        experts_implementation="eager", num_labels=labels, hidden_size=16, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, intermediate_size=20,
        max_position_embeddings=64, **options,
    )
    model = getattr(transformers, family + "ForSequenceClassification")(config).float().eval()
    perturb(model)
    folder = HERE / name
    model.save_pretrained(folder)
    documents = draw(29, (9, 1, 14))
    scores = torch.cat([model(torch.tensor([ids])).logits for ids in documents])
    (scores**2 * torch.arange(1.0, labels + 1)).sum().backward()
    gradients = {
        n: p.grad.norm().item() for n, p in model.named_parameters() if p.grad is not None
    }
    put(folder, dict(documents=documents, scores=scores.tolist(), gradients=gradients))


def lora():
    torch.manual_seed(37)
    config = transformers.Qwen2Config(
        vocab_size=29, initializer_range=0.15, attn_implementation="eager", hidden_size=16,
        num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, intermediate_size=20,
        max_position_embeddings=64, tie_word_embeddings=True, bos_token_id=0, eos_token_id=1,
    )
    base = transformers.Qwen2ForCausalLM(config).float().eval()
    perturb(base)
    folder = HERE / "lora"
    shutil.rmtree(folder, ignore_errors=True)
    base.save_pretrained(folder / "base")
    model = peft.get_peft_model(
        base,
        peft.LoraConfig(
            r=3, lora_alpha=12, target_modules=["q_proj", "v_proj", "down_proj"],
            task_type="CAUSAL_LM", lora_dropout=0.0,
        ),
    )
    with torch.no_grad():  # B of 0 would hide mistakes
        for key, value in model.named_parameters():
            if "lora_" in key:
                value.normal_(0, 0.2)
    model.save_pretrained(folder / "adapter")
    documents = draw(29, (12, 3, 8))
    total, count, logits = 0.0, 0, []
    for ids in documents:
        rows = model(torch.tensor([ids])).logits[0]
        logits.append([[float(f"{x:.7g}") for x in row] for row in rows.tolist()])
        total = total + torch.nn.functional.cross_entropy(
            rows[:-1], torch.tensor(ids[1:]), reduction="sum"
        )
        count += len(ids) - 1
    loss = total / count
    loss.backward()
    gradients = {
        n.replace(".default", ""): p.grad.norm().item()
        for n, p in model.named_parameters()
        if p.grad is not None
    }
    put(folder, dict(documents=documents, logits=logits, loss=loss.item(), gradients=gradients))


score("score-reward", "Llama", 1, rms_norm_eps=1e-5, head_dim=6)
score("score-classes", "Qwen2", 3, tie_word_embeddings=True)
lora()
