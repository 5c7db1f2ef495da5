"""Losses and gradients of TRL's own DPOTrainer, RewardTrainer and GKDTrainer on given numbers.

    pip install torch transformers trl==1.16.0 accelerate datasets
    python make_preference.py > preference.json

TRL's methods are called with a stand-in for the model that answers with given log-probabilities, so that what
is recorded is TRL's arithmetic and not a copy of it.
"""
import json
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from trl.trainer.dpo_trainer import DPOTrainer

torch.manual_seed(5)
PAIRS, LENGTH = 3, 6
chosen_mask = torch.tensor([[0, 0, 1, 1, 1, 1], [0, 0, 1, 1, 0, 0], [0, 1, 1, 1, 1, 0]])
rejected_mask = torch.tensor([[0, 0, 1, 1, 0, 0], [0, 0, 1, 1, 1, 1], [0, 1, 1, 1, 0, 0]])
mask = torch.cat([chosen_mask, rejected_mask])
base = -torch.rand(2 * PAIRS, LENGTH - 1, dtype=torch.float32) * 3
reference = base + 0.4 * torch.randn(2 * PAIRS, LENGTH - 1, dtype=torch.float32)
shifted = mask[:, 1:]
base, reference = base * shifted, reference * shifted


class Placeholder(torch.nn.Module):
    is_gradient_checkpointing = False


def trainer(loss_types, weights, beta, smoothing, divergence, alpha, ld_alpha, tau):
    from collections import defaultdict

    return SimpleNamespace(
        model=Placeholder(), aux_loss_enabled=False, ld_alpha=ld_alpha,
        precompute_ref_logps=False, accelerator=SimpleNamespace(
            device="cpu", gather=lambda x: x, gather_for_metrics=lambda x: x),
        args=SimpleNamespace(gradient_checkpointing=False, gradient_checkpointing_kwargs=None, discopop_tau=tau),
        ref_model=lambda **_: SimpleNamespace(log_probs=reference), f_divergence_type=divergence,
        f_alpha_divergence_coef=alpha, loss_types=loss_types, loss_weights=weights, beta=beta,
        label_smoothing=smoothing, use_weighting=False, _metrics=defaultdict(lambda: defaultdict(list)),
        _total_train_tokens=0, _tp_size=1)


def run(name, loss_types, weights=None, beta=0.3, smoothing=0.0, divergence="reverse_kl", alpha=0.5, ld_alpha=None,
        tau=0.05):
    values = base.clone().requires_grad_()
    entropy = torch.zeros_like(base)

    class Model:
        training = True

        def __call__(self, **_):
            return SimpleNamespace(
                log_probs=values, entropy=entropy, mean_logits=entropy, is_top1=entropy.bool())

    own = trainer(loss_types, weights or [1.0] * len(loss_types), beta, smoothing, divergence, alpha, ld_alpha, tau)
    inputs = {
        "input_ids": torch.zeros(2 * PAIRS, LENGTH, dtype=torch.long), "attention_mask": torch.ones(2 * PAIRS, LENGTH),
        "completion_mask": mask}
    loss = DPOTrainer._compute_loss(own, Model(), inputs, False)
    (gradient,) = torch.autograd.grad(loss, values)
    metrics = {k: v[0] for k, v in own._metrics["train"].items() if isinstance(v, list) and v}
    return {
        "name": name, "losses": loss_types, "weights": weights or [1.0] * len(loss_types), "beta": beta,
        "labelSmoothing": smoothing, "divergence": divergence, "alpha": alpha, "lengthDecay": ld_alpha or 1.0,
        "discopopTemperature": tau, "loss": loss.item(), "gradient": gradient.tolist(),
        "rewards": [metrics["rewards/chosen"], metrics["rewards/rejected"], metrics["rewards/accuracies"],
                    metrics["rewards/margins"]]}


cases = [run(name, [name]) for name in [
    "sigmoid", "hinge", "ipo", "nca_pair", "bco_pair", "sppo_hard", "aot", "aot_unpaired", "apo_zero", "apo_down",
    "discopop", "sigmoid_norm"]]
cases += [run(f"{name} smoothed", [name], smoothing=0.1) for name in ["exo_pair", "robust", "aot", "aot_unpaired"]]
cases += [run(divergence, ["sigmoid"], divergence=divergence) for divergence in
          ["forward_kl", "js_divergence", "alpha_divergence"]]
cases += [
    run("alpha 1", ["sigmoid"], divergence="alpha_divergence", alpha=1.0),
    run("ld", ["sigmoid"], ld_alpha=0.5),
    run("llama 3", ["sigmoid", "sft"], weights=[1.0, 0.2], beta=0.1),
    run("hinge and ipo", ["hinge", "ipo"], weights=[0.5, 2.0]),
]

# cDPO as TRL had it until 0.28, and OnlineDPO's ipo over sums, from their printed formulas.
rewards = torch.tensor([[0.5, -0.25], [1.5, 1.75], [-2.0, 0.125]], dtype=torch.float32)
reward_cases = []
for margin, probability, centering in [(0.0, 1.0, 0.0), (0.5, 1.0, 0.0), (0.0, 1.0, 0.01), (0.0, 0.85, 0.0)]:
    r = rewards.clone().requires_grad_()
    d = r[:, 0] - r[:, 1]
    # TRL RewardTrainer.compute_loss; with a probability, AFM's soft label.
    loss = -(probability * F.logsigmoid(d - margin) + (1 - probability) * F.logsigmoid(-d - margin)).mean()
    loss = loss + centering * torch.mean((r[:, 0] + r[:, 1]) ** 2)
    (gradient,) = torch.autograd.grad(loss, r)
    reward_cases.append({
        "margin": margin, "probability": probability, "centering": centering, "loss": loss.item(),
        "gradient": gradient.tolist()})

print(json.dumps({
    "mask": mask.tolist(), "policy": base.tolist(), "reference": reference.tolist(), "cases": cases,
    "rewards": rewards.tolist(), "reward": reward_cases}, indent=1))
