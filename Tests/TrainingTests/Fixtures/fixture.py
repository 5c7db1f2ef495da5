"""What the scripts of this folder share: tiny models with random weights by Hugging Face transformers, and
what torch computes with them. Ran with torch 2.13.0 and transformers 5.24.0 (the older folders: 5.23.0),
float32, one thread, eager attention.

Each folder is a model folder plus `expected.json`:
  documents   token ids; each document is one forward pass
  logits      per document, [tokens, vocabulary]
  losses      mean next-token loss over all documents, before each of five AdamW steps and after the last;
              with router_aux_loss_coef times the balancing loss of all documents' rows where there are experts
  balancing   that balancing loss before the first step, not weighted (models with experts)
  norms       L2 norm of the loss's gradient before each step
  gradients   L2 norm of each tensor's gradient before the first step
"""

import json
import pathlib

import torch

torch.set_num_threads(1)
HERE = pathlib.Path(__file__).parent
STEP = dict(lr=5e-3, betas=(0.9, 0.95), eps=1e-8)
DECAY = 0.1
CLIP = 1.0


def draw(vocabulary, lengths):
    generator = torch.Generator().manual_seed(5)
    return [torch.randint(0, vocabulary, (n,), generator=generator).tolist() for n in lengths]


def loss_of(model, documents):
    """The loss and the balancing loss. The latter is of all rows together, layer by layer."""
    total, count, routers = 0.0, 0, []
    with_experts = getattr(model.config, "num_experts", 0) > 0
    for ids in documents:
        options = dict(output_router_logits=True) if with_experts else {}
        output = model(torch.tensor([ids]), **options)
        logits = output.logits[0]
        total = total + torch.nn.functional.cross_entropy(
            logits[:-1], torch.tensor(ids[1:]), reduction="sum"
        )
        count += len(ids) - 1
        if with_experts:
            routers.append(output.router_logits)
    if not with_experts:
        return total / count, None
    from transformers.models.qwen2_moe.modeling_qwen2_moe import load_balancing_loss_func

    layers = tuple(torch.cat(rows) for rows in zip(*routers))
    balancing = load_balancing_loss_func(
        layers, model.config.num_experts, model.config.num_experts_per_tok
    )
    return total / count + model.config.router_aux_loss_coef * balancing, balancing


def parts(name, parameter):
    """The tensors of a model folder that a parameter stands for: transformers 5 holds experts together."""
    if ".experts." not in name:
        return [(name, parameter)]
    prefix, kind = name.rsplit(".", 1)
    found = []
    for index, matrix in enumerate(parameter):
        if kind == "gate_up_proj":
            gate, up = matrix.chunk(2)
            found.append((f"{prefix}.{index}.gate_proj.weight", gate))
            found.append((f"{prefix}.{index}.up_proj.weight", up))
        else:
            found.append((f"{prefix}.{index}.down_proj.weight", matrix))
    return found


def write(name, model, documents, digits=None):
    folder = HERE / name
    model.save_pretrained(folder)
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
    expected = dict(documents=documents, logits=logits, losses=[], norms=[])
    for _ in range(5):
        optimiser.zero_grad()
        loss, balancing = loss_of(model, documents)
        loss.backward()
        if "gradients" not in expected:
            if balancing is not None:
                expected["balancing"] = balancing.item()
            expected["gradients"] = {
                part: gradient.norm().item()
                for n, p in model.named_parameters()
                for part, gradient in parts(n, p.grad)
            }
        expected["norms"].append(torch.nn.utils.clip_grad_norm_(parameters, CLIP).item())
        expected["losses"].append(loss.item())
        optimiser.step()
    expected["losses"].append(loss_of(model, documents)[0].item())
    if digits:
        expected["logits"] = [
            [[float(f"{x:.{digits}g}") for x in row] for row in rows] for rows in logits
        ]
    (folder / "expected.json").write_text(json.dumps(expected) + "\n")
    (folder / "generation_config.json").unlink(missing_ok=True)
