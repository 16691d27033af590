"""MInD's losses and heads in banks against the same modules called row by row.

Width 128, batch 32, three modalities: a step is forward and backward of the private and shared
encoders, all seven terms and the fusion head. Looped, each row has its own module with one copy and
is one call, as a plain component would be. Both do the same 383 MFLOP on 6.8 MB of weights.

A bank saves calls, not arithmetic: 12 calls of modules in place of 45. On two shared, busy cores of
an AMD EPYC (AVX2) it is 1.5 to 2.0 times as fast with one thread and 1.9 to 2.9 times with two, and
2.4 times at width 32, where calls are nearly all there is; HSIC's twelve rows alone gain 3.2.
"""

from __future__ import annotations

import statistics
import time
from itertools import combinations

import pytest
import torch
from torch import nn

from mindkit_basics.criteria.barlow_twins import BarlowTwins
from mindkit_basics.criteria.hsic import Hsic
from mindkit_basics.criteria.supervised import Supervised
from mindkit_basics.heads.concat_mlp import ConcatMlp
from mindkit_basics.mi.jsd import Jsd
from mindkit_basics.reconstructions.mlp_decoder import MlpDecoder
from mindkit_basics.stages.mlp import Mlp
from mindkit_mind.adversarial_prediction import AdversarialPrediction
from mindkit_mind.cyclic import Cyclic

M, BATCH, WIDTH, PROGRESS = 3, 32, 128, 0.1
PAIRS = list(combinations(range(M), 2))


class Banked(nn.Module):
    """Rows of equal widths in one call each."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        d = WIDTH
        self.shared, self.private = Mlp(d, d, 1), Mlp(d, d, M)
        self.head, self.task = ConcatMlp(d, 2 * M, 1), Supervised("regression")
        self.noise = AdversarialPrediction(M * d, 1, "regression", 1)
        self.info_shared = Jsd(M * d, d, M, hidden=hidden)
        self.info_private = Jsd(d, d, 2 * M, hidden=hidden)
        self.cons, self.diff = BarlowTwins(d), Hsic()
        self.recon = MlpDecoder(3 * d, d, M)
        self.from_noise, self.to_noise = Cyclic(d, 2 * d, M), Cyclic(2 * d, d, M)

    def forward(self, encoded, gaussian, target):
        s, p, n = self.shared(encoded), self.private(encoded), self.private(gaussian)
        (sm, pm, nm) = (x.unbind(0) for x in (s, p, n))
        prediction = self.head(torch.stack([*sm, *pm]))
        everything = torch.cat(encoded.unbind(0), -1).expand(M, -1, -1)
        first, second = zip(*PAIRS, strict=True)
        left = torch.stack([*sm, *(pm[i] for i in first), *sm, *pm])
        right = torch.stack([*pm, *(pm[j] for j in second), *nm, *nm])
        f = torch.cat([s, p], -1)
        info = self.info_shared(everything, s).mean()
        info = (
            info + 2 * self.info_private(torch.cat([encoded, gaussian]), torch.cat([p, n])).mean()
        )
        return (
            self.task(prediction, target)
            + self.noise(torch.cat(nm, -1), target, progress=PROGRESS)
            - 1e-2 * info
            + 1e-4 * self.cons(s[list(first)], s[list(second)]).mean()
            + 1e-3 * self.diff(left, right).mean()
            + 0.1 * self.recon(torch.cat([s, p, n], -1), encoded).mean()
            + 0.05 * self.from_noise(n, f, progress=PROGRESS).mean()
            + 0.05 * self.to_noise(f, n, progress=PROGRESS).mean()
        )


class Looped(nn.Module):
    """The same rows, a module and a call for each, with the weights of a bank."""

    def __init__(self, banked: Banked, hidden: int) -> None:
        super().__init__()
        d = WIDTH
        self.shared, self.head, self.task = banked.shared, banked.head, banked.task
        self.noise, self.cons, self.diff = banked.noise, banked.cons, banked.diff
        self.private = apart(banked.private, lambda: Mlp(d, d, 1), M)
        self.info_shared = apart(banked.info_shared, lambda: Jsd(M * d, d, 1, hidden=hidden), M)
        self.info_private = apart(banked.info_private, lambda: Jsd(d, d, 1, hidden=hidden), 2 * M)
        self.recon = apart(banked.recon, lambda: MlpDecoder(3 * d, d, 1), M)
        self.from_noise = apart(banked.from_noise, lambda: Cyclic(d, 2 * d, 1), M)
        self.to_noise = apart(banked.to_noise, lambda: Cyclic(2 * d, d, 1), M)

    def forward(self, encoded, gaussian, target):
        each = range(M)
        z, g = encoded.unbind(0), gaussian.unbind(0)
        s = [self.shared(z[m]) for m in each]
        p = [self.private[m](z[m]) for m in each]
        n = [self.private[m](g[m]) for m in each]
        f = [torch.cat([s[m], p[m]], -1) for m in each]
        everything = torch.cat(z, -1)
        info = [self.info_shared[m](everything, s[m]) for m in each]
        info += [self.info_private[m](z[m], p[m]) for m in each]
        info += [self.info_private[M + m](g[m], n[m]) for m in each]
        cons = [self.cons(s[i], s[j]) for i, j in PAIRS]
        diff = [self.diff(s[m], p[m]) for m in each]
        diff += [self.diff(p[i], p[j]) for i, j in PAIRS]
        diff += [self.diff(s[m], n[m]) for m in each]
        diff += [self.diff(p[m], n[m]) for m in each]
        recon = [self.recon[m](torch.cat([s[m], p[m], n[m]], -1), z[m]) for m in each]
        cyr = [self.from_noise[m](n[m], f[m], progress=PROGRESS) for m in each]
        cyr += [self.to_noise[m](f[m], n[m], progress=PROGRESS) for m in each]
        prediction = self.head(torch.stack([*s, *p]))
        return (
            self.task(prediction, target)
            + self.noise(torch.cat(n, -1), target, progress=PROGRESS)
            - 1e-2 * sum(info) / M
            + 1e-4 * sum(cons) / len(cons)
            + 1e-3 * sum(diff) / len(diff)
            + 0.1 * sum(recon) / len(recon)
            + 0.1 * sum(cyr) / len(cyr)
        )


def apart(bank, make, copies):
    """One module per copy of a bank, with its weights."""
    modules = nn.ModuleList(make() for _ in range(copies))
    for copy, module in enumerate(modules):
        module.load_state_dict({k: v[copy : copy + 1] for k, v in bank.state_dict().items()})
    return modules


@pytest.fixture
def rows():
    generator = torch.Generator().manual_seed(0)
    encoded, gaussian = (torch.randn(M, BATCH, WIDTH, generator=generator) for _ in range(2))
    return encoded, gaussian, torch.randn(BATCH, generator=generator)


def make(hidden):
    torch.manual_seed(0)
    banked = Banked(hidden)
    return {"banked": banked, "looped": Looped(banked, hidden)}


def step(model, rows):
    model.zero_grad(set_to_none=True)
    loss = model(*rows)
    loss.backward()
    return loss


@pytest.mark.parametrize("hidden", [128, 512])
@pytest.mark.parametrize("how", ["banked", "looped"])
def test_step_of_losses_and_heads(benchmark, rows, how, hidden):
    benchmark.group = f"critics of width {hidden}"
    benchmark.pedantic(step, args=(make(hidden)[how], rows), rounds=20, warmup_rounds=5)


def test_both_forms_have_one_value(rows):
    models = make(128)
    values = [step(model.eval(), rows).item() for model in models.values()]
    assert values[0] == pytest.approx(values[1], rel=1e-5)


def test_banked_is_clearly_faster_than_looped(rows):
    models = make(128)
    times = {how: [] for how in models}
    for turn in range(45):  # turn about, so that a busy machine slows both
        for how, model in models.items():
            start = time.perf_counter()
            step(model, rows)
            if turn >= 5:
                times[how].append(time.perf_counter() - start)
    banked, looped = (statistics.median(times[how]) for how in ("banked", "looped"))
    print(f"\nbanked {1e3 * banked:.2f} ms, looped {1e3 * looped:.2f} ms: {looped / banked:.2f}x")
    assert looped >= 1.3 * banked
