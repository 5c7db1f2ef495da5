"""Losses, gradients and advantages of TRL's own GRPOTrainer, RLOOTrainer, PPOTrainer and GKDTrainer on given numbers.

    pip install torch transformers trl==1.16.0 accelerate datasets
    pip install --no-deps --target OLD trl==0.20.0    # the last with PPOTrainer outside of git
    python make_policy.py OLD > policy.json

TRL's methods are called with a stand-in for the model that answers with given log-probabilities. What is not a method of
its own (advantages, PPO's loop) is cut out of TRL's source by its first and last line and run as it is.
"""
import ast
import inspect
import json
import sys
import textwrap
from collections import defaultdict
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from trl.experimental.gkd.gkd_trainer import GKDTrainer
from trl.trainer.grpo_trainer import GRPOTrainer
from trl.trainer.rloo_trainer import RLOOTrainer
from trl.trainer import grpo_trainer, rloo_trainer

torch.set_default_dtype(torch.float64)
torch.manual_seed(11)
GROUP, LENGTH = 3, 5
mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [1, 1, 1, 0, 0], [1, 0, 0, 0, 0], [1, 1, 1, 1, 0], [1, 1, 1, 1, 1]])
COUNT = mask.shape[0]
old = -torch.rand(COUNT, LENGTH) * 2 * mask
new = (old + 0.25 * torch.randn(COUNT, LENGTH)) * mask
reference = (old + 0.3 * torch.randn(COUNT, LENGTH)) * mask
rewards = torch.tensor([0.5, -1.0, 0.25, 1.0, 1.0, -0.5])
values = 0.5 * torch.randn(COUNT, LENGTH) * mask
new_values = (values + 0.3 * torch.randn(COUNT, LENGTH)) * mask


def cut(source, first, last):
    """The lines from the one that begins with `first` to the first after it that begins with `last`."""
    lines = source.split("\n")
    start = next(i for i, line in enumerate(lines) if line.strip().startswith(first))
    end = next(i for i in range(start, len(lines)) if lines[i].strip().startswith(last))
    return textwrap.dedent("\n".join(lines[start:end + 1]))


def stand_in(logps, **settings):
    accelerator = SimpleNamespace(
        device="cpu", num_processes=1, gather=lambda x: x, reduce=lambda x, reduction: x,
        gather_for_metrics=lambda x: x, sync_gradients=True)
    base = dict(
        model=SimpleNamespace(training=True), accelerator=accelerator, aux_loss_enabled=False,
        top_entropy_quantile=1.0, off_policy_mask_threshold=None, use_vllm=False, _entropy_bonus_enabled=False,
        current_gradient_accumulation_steps=1, max_completion_length=7, epsilon_low=0.2, epsilon_high=0.2,
        importance_sampling_level="token", beta=0.0, loss_type="dapo", tools=None,
        args=SimpleNamespace(
            delta=None, use_bias_correction_kl=False, steps_per_generation=1, sapo_temperature_pos=1.0,
            sapo_temperature_neg=1.05),
        _metrics=defaultdict(lambda: defaultdict(list)))
    base.update(settings)
    own = SimpleNamespace(**base)
    own._get_per_token_logps_and_entropies = lambda *_, **__: (logps, torch.zeros_like(logps), None)
    return own


def inputs(advantages):
    ids = torch.zeros(COUNT, LENGTH, dtype=torch.long)
    return {
        "prompt_ids": torch.zeros(COUNT, 2, dtype=torch.long), "prompt_mask": torch.ones(COUNT, 2, dtype=torch.long),
        "completion_ids": ids, "completion_mask": mask, "advantages": advantages, "old_per_token_logps": old,
        "ref_per_token_logps": reference, "old_logps": (old * mask).sum(1),
        "num_items_in_batch": mask.sum().to(torch.float64)}


def grpo_advantages(scale):
    own = SimpleNamespace(
        multi_objective_aggregation="sum_then_normalize", scale_rewards=scale, reward_weights=torch.ones(1))
    scope = dict(vars(grpo_trainer))
    scope.update(
        self=own, rewards_per_func=rewards[:, None], device="cpu", num_generations=GROUP,
        unscorable_mask=torch.zeros(COUNT, dtype=torch.bool))
    source = inspect.getsource(GRPOTrainer._generate_and_score_completions)
    exec(cut(source, "if self.multi_objective_aggregation ==", "advantages = torch.nan_to_num"), scope)
    return scope["advantages"]


def rloo_advantages(beta, normalise):
    own = SimpleNamespace(reward_clip_range=None, beta=beta, normalize_advantages=normalise)
    scope = dict(vars(rloo_trainer))
    scope.update(
        self=own, rewards=rewards.clone(), old_per_token_logps=old, ref_per_token_logps=reference,
        completion_mask=mask, gather=lambda x: x, num_generations=GROUP)
    source = inspect.getsource(RLOOTrainer._generate_and_score_completions)
    exec(cut(source, "if self.reward_clip_range", "advantages = torch.nan_to_num"), scope)
    return scope["advantages"]


def loss(trainer, advantages, **settings):
    logps = new.clone().requires_grad_()
    own = stand_in(logps, **settings)
    value = trainer._compute_loss(own, None, inputs(advantages))
    (gradient,) = torch.autograd.grad(value, logps)
    clipped = own._metrics["train"]["clip_ratio/region_mean"][0]
    return {"loss": value.item(), "gradient": gradient.tolist(), "clipped": clipped}


grpo = []
for scale in ["group", "batch", "none"]:
    advantages = grpo_advantages(scale)
    for name, settings in [
        ("dapo", {}), ("grpo", {}), ("bnpo", {}), ("dr_grpo", {}), ("grpo", {"beta": 0.3}),
        ("dapo", {"beta": 0.1, "epsilon_high": 0.28}), ("grpo", {"importance_sampling_level": "sequence"}),
    ]:
        grpo.append({
            "scale": scale, "lossType": name, "beta": settings.get("beta", 0.0),
            "clipHigh": settings.get("epsilon_high", 0.2),
            "ratio": "mean" if "importance_sampling_level" in settings else "token",
            "advantages": advantages.tolist(),
            **loss(GRPOTrainer, advantages, loss_type=name, **settings)})

rloo = []
for beta, normalise in [(0.0, False), (0.05, False), (0.05, True)]:
    advantages = rloo_advantages(beta, normalise)
    rloo.append({
        "beta": beta, "normalise": normalise, "advantages": advantages.tolist(),
        **loss(RLOOTrainer, advantages, beta=beta)})

# PPO, from the source of the TRL before.
old_trl = sys.argv[1]
source = open(f"{old_trl}/trl/trainer/ppo_trainer.py").read()
helpers = open(f"{old_trl}/trl/core.py").read()
wanted = {"masked_mean", "masked_var", "masked_whiten"}
scope = {"torch": torch, "Optional": __import__("typing").Optional}
for node in ast.parse(helpers).body:
    if isinstance(node, ast.FunctionDef) and node.name in wanted:
        exec(compile(ast.Module([node], []), "core.py", "exec"), scope)
args = SimpleNamespace(
    gamma=1.0, lam=0.95, kl_coef=0.05, cliprange=0.2, cliprange_value=0.2, vf_coef=0.1, whiten_rewards=False)
padding = mask == 0
lengths = mask.sum(1) - 1
ppo = []
for gamma, lam in [(1.0, 0.95), (0.9, 0.8)]:
    args.gamma, args.lam = gamma, lam
    scope.update(
        args=args, kl=(old - reference) * mask, scores=rewards, values=values.clone(), responses=torch.zeros(COUNT, LENGTH),
        sequence_lengths=lengths, sequence_lengths_p1=torch.full((COUNT,), LENGTH), padding_mask=padding,
        padding_mask_p1=padding, empty_cache=lambda: None)
    exec(cut(source, "non_score_reward = -args.kl_coef * kl", "rewards[[actual_start"), scope)
    # TRL gives a padded token's value 0 to the token before it, as after the last one.
    exec(cut(source, "lastgaelam = 0", "returns = advantages + values"), scope)
    plain, returns = scope["advantages"].clone(), scope["returns"]
    exec(cut(source, "advantages = masked_whiten", "advantages = torch.masked_fill"), scope)
    advantages = scope["advantages"]
    vpred = new_values.clone().requires_grad_()
    logps = new.clone().requires_grad_()
    scope.update(
        vpred=vpred, mb_values=values, mb_return=returns, mb_advantage=advantages, micro_batch_inds=slice(None),
        ratio=torch.exp(logps - old))
    exec(cut(source, "vpredclipped = torch.clamp", "vf_loss = 0.5"), scope)
    exec(cut(source, "pg_losses = -mb_advantage", "pg_loss = masked_mean"), scope)
    (value_gradient,) = torch.autograd.grad(scope["vf_loss"], vpred)
    (gradient,) = torch.autograd.grad(scope["pg_loss"], logps)
    ppo.append({
        "discount": gamma, "decay": lam, "plain": (plain * mask).tolist(), "returns": (returns * mask).tolist(),
        "advantages": advantages.tolist(), "valueLoss": scope["vf_loss"].item(),
        "valueGradient": value_gradient.tolist(), "loss": scope["pg_loss"].item(), "gradient": gradient.tolist()})

# On-policy distillation.
student = 2 * torch.randn(4, 7)
teacher = 2 * torch.randn(4, 7)
labels = torch.tensor([1, -100, 0, 3])
gkd = []
for beta in [0.0, 0.1, 0.5, 0.9, 1.0]:
    logits = student.clone().requires_grad_()
    value = GKDTrainer.generalized_jsd_loss(logits[None], teacher[None], labels=labels[None], beta=beta)
    (gradient,) = torch.autograd.grad(value, logits)
    gkd.append({"beta": beta, "loss": value.item(), "gradient": gradient.tolist()})

print(json.dumps({
    "group": GROUP, "longest": 7, "mask": mask.tolist(), "old": old.tolist(), "new": new.tolist(),
    "reference": reference.tolist(), "rewards": rewards.tolist(), "values": values.tolist(),
    "newValues": new_values.tolist(), "klCoefficient": 0.05, "grpo": grpo, "rloo": rloo, "ppo": ppo,
    "student": student.tolist(), "teacher": teacher.tolist(), "labels": labels.tolist(), "gkd": gkd}, indent=1))
