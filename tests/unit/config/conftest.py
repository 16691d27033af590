"""Small components with the signatures of MInD's, and a folder of configs that use them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from torch import Tensor

from mindkit.errors import ConfigError
from mindkit.kinds import (
    Criterion,
    Dataset,
    Encoder,
    FusionHead,
    MIEstimator,
    Reconstruction,
    Stage,
    Tracker,
)
from mindkit.registry import Registries


class Averaged(Encoder):
    def __init__(self, x_dim: int, width: int, *, layers: int = 3, rate: float = 0.5) -> None:
        super().__init__()

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        raise NotImplementedError


class Recurrent(Encoder):
    sequential = True

    def __init__(self, x_dim: int, width: int, *, layers: int = 1) -> None:
        super().__init__()

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        raise NotImplementedError


class Worded(Averaged):
    def words_of_tokens(self, column):
        raise NotImplementedError


class Mlp(Stage):
    batched = True

    def __init__(self, x_dim: int, width: int, copies: int, *, dropout: float = 0.35) -> None:
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError


class Jsd(MIEstimator):
    batched = True

    def __init__(
        self,
        x_dim: int,
        z_dim: int,
        copies: int,
        *,
        hidden: int = 512,
        negatives: Literal["shift", "derangement", "offdiag"] = "shift",
    ) -> None:
        super().__init__()

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        raise NotImplementedError


class Club(MIEstimator):
    def __init__(self, x_dim: int, z_dim: int) -> None:
        super().__init__()

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        raise NotImplementedError

    def learning_loss(self, x: Tensor, z: Tensor) -> Tensor:
        raise NotImplementedError


class BarlowTwins(Criterion):
    batched = True

    def __init__(self, *, off_diagonal: float | Literal["1/d", "d"] = "1/d") -> None:
        super().__init__()

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        raise NotImplementedError


class Hsic(Criterion):
    batched = True

    def __init__(self, *, kernel: Literal["linear", "rbf"] = "linear") -> None:
        super().__init__()

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        raise NotImplementedError


class Supervised(Criterion):
    def __init__(self, task: str, *, clip: float = 3.0) -> None:
        super().__init__()

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        raise NotImplementedError


class Cyclic(Criterion):
    def __init__(
        self, source_dim: int, target_dim: int, *, strength: float | dict[str, float] = 1.0
    ) -> None:
        super().__init__()

    def forward(self, source: Tensor, target: Tensor, progress: float) -> Tensor:
        raise NotImplementedError


class AdversarialPrediction(Criterion):
    def __init__(self, features_dim: int, task: str, *, dropout: float = 0.15) -> None:
        super().__init__()

    def forward(self, features: Tensor, target: Tensor, progress: float) -> Tensor:
        raise NotImplementedError


class MlpDecoder(Reconstruction):
    def __init__(self, parts_dim: int, target_dim: int, copies: int, *, hidden: int = 256) -> None:
        super().__init__()

    def forward(self, parts: Tensor, target: Tensor) -> Tensor:
        raise NotImplementedError


class ConcatMlp(FusionHead):
    def __init__(
        self,
        parts_dim: int,
        num_parts: int,
        num_outputs: int,
        *,
        hidden: int | dict[str, int] = 64,
    ) -> None:
        super().__init__()

    def forward(self, parts: Tensor) -> Tensor:
        raise NotImplementedError


class Attend(FusionHead):
    def __init__(self, parts_dim: int, num_outputs: int) -> None:
        super().__init__()

    def forward(self, sequences: list[Tensor], masks: list[Tensor]) -> Tensor:
        raise NotImplementedError


METHOD = """\
name: small
width: 32
encoders:
  text: {type: averaged}
  audio: {type: averaged}
  vision: {type: averaged}
representations:
  invariant: {type: mlp, from: encoded, share: true}
  specific: {type: mlp, from: encoded}
  noise: {through: specific, from: gaussian}
fusion:
  type: concat_mlp
  inputs: [invariant.*, specific.*]
terms:
  task: {type: supervised, inputs: [[prediction, target]]}
  info:
    type: jsd
    goal: maximize
    weight: 1e-2
    reduce: group_mean
    inputs:
      - {x: encoded.*, z: invariant.$m}
      - {x: encoded.$m, z: specific.$m}
      - {x: gaussian.$m, z: noise.$m}
  cons: {type: barlow_twins, weight: 1e-4, inputs: [[invariant.$m, invariant.$n]]}
  diff:
    type: hsic
    weight: 1e-3
    inputs:
      - [invariant.$m, specific.$m]
      - [specific.$m, specific.$n]
      - [invariant.$m, noise.$m]
      - [specific.$m, noise.$m]
  recon:
    type: mlp_decoder
    inputs: [{parts: [invariant.$m, specific.$m, noise.$m], target: encoded.$m}]
  cyr:
    type: cyclic
    inputs:
      - {source: noise.$m, target: [invariant.$m, specific.$m]}
      - {source: [invariant.$m, specific.$m], target: noise.$m}
  np: {type: adversarial_prediction, inputs: [{features: noise.*, target: target}]}
"""

FILES = {
    "training/default.yaml": "training: {epochs: 50}\n",
    "training/quick.yaml": "width: 8\ntraining: {epochs: 3}\n",
    "methods/small/default.yaml": METHOD,
    "methods/small/mosei.yaml": "width: 16\nterms: {diff: {weight: 2e-3}}\n",
    "methods/small/ablations.yaml": (
        "plain:\n"
        "  drop: [invariant, specific, noise]\n"
        "  set: {fusion.inputs: [encoded.*]}\n"
        "only_task:\n"
        "  drop: [info, cons, diff, recon, cyr, np]\n"
    ),
    "methods/child/default.yaml": "base: small\nname: child\nterms: {diff: {weight: 5e-3}}\n",
    "datasets/mosei.yaml": "data: {standardize: utterance}\n",
}


@pytest.fixture
def registries() -> Registries:
    """Registries that hold what METHOD needs, and a little more."""
    made = Registries()
    for kind, classes in {
        "encoders": {"averaged": Averaged, "recurrent": Recurrent, "worded": Worded},
        "stages": {"mlp": Mlp},
        "mi_estimators": {"jsd": Jsd, "club": Club},
        "criteria": {
            "barlow_twins": BarlowTwins,
            "hsic": Hsic,
            "supervised": Supervised,
            "cyclic": Cyclic,
            "adversarial_prediction": AdversarialPrediction,
        },
        "reconstructions": {"mlp_decoder": MlpDecoder},
        "fusion_heads": {"concat_mlp": ConcatMlp, "attend": Attend},
        "datasets": {"mosi": Dataset, "mosei": Dataset},
        "trackers": {"jsonl": Tracker},
    }.items():
        for name, component in classes.items():
            made.kind(kind).add(name, component)
    return made


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of configs; the working folder is beside it."""
    folder = tmp_path / "configs"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def load(registries: Registries, root: Path) -> Callable:
    """`load_spec` on the folder of configs."""
    from mindkit.config.load import load_spec

    def call(method: str = "small", **options):
        return load_spec(registries, method, root=root, **options)

    return call


@pytest.fixture
def tokenising() -> str:
    """The setting that gives text an encoder which knows the words of its tokens."""
    return "encoders.text.type=worded"


@pytest.fixture
def mistakes(load: Callable) -> Callable[..., str]:
    """The message of the `ConfigError` that loading raises."""

    def call(method: str = "small", **options) -> str:
        with pytest.raises(ConfigError) as raised:
            load(method, **options)
        return str(raised.value)

    return call
