from __future__ import annotations

import torch
from torch import Tensor, nn

from mindkit.api import FusionHead, by_modality


class MemoryFusion(FusionHead):
    """Read aligned sequences with one memory for all, and predict from the factor it ends in.

    Shapes: sequences [(B, L, D)], masks [(B, L)] -> (B, C), joint (B, H), factor (B, H).

    The memory fusion network (Zadeh et al. 2018) as MFM's joint encoder. At each step an LSTM cell
    per modality goes from c_(t-1) to c_t; with c* all of both side by side,

        ã = softmax(MLP_1 c*) ∘ c*,  û = tanh(MLP_2 ã),
        u <- σ(MLP_γ1 [ã; u]) ∘ u + σ(MLP_γ2 [ã; u]) ∘ û,

    each MLP Linear -> ReLU -> dropout -> Linear. After the last step z_y = Linear([h; u]) is
    `fused.joint`, f_y = ReLU(W2 drop(ReLU(W1 z_y))) `fused.factor`, and the prediction
    W2 drop(ReLU(W1 f_y)). Sequences are aligned step by step. A cell stands still where its
    modality has no step, the memory where none has; the authors' code reads the padding too.

    hidden: width of a cell, one number, or a map from modality.
    memory: width of u.
    attention: width of the hidden layer of MLP_1.
    attention_dropout: probability of zeroing a unit of that layer, 0 to 1; as for the next three.
    candidate: width of the hidden layer of MLP_2.
    candidate_dropout: of MLP_2.
    retain: width of the hidden layer of MLP_γ1.
    retain_dropout: of MLP_γ1.
    update: width of the hidden layer of MLP_γ2.
    update_dropout: of MLP_γ2.
    joint: width of z_y.
    factor: width of f_y.
    factor_dropout: of the network from z_y to f_y.
    dropout: of the one from f_y to the prediction.
    """

    def __init__(
        self,
        parts_dim: int,
        sequences_modalities: tuple[str, ...],
        num_outputs: int,
        *,
        hidden: int | dict[str, int] = 128,
        memory: int = 64,
        attention: int = 32,
        attention_dropout: float = 0.7,
        candidate: int = 64,
        candidate_dropout: float = 0.0,
        retain: int = 32,
        retain_dropout: float = 0.0,
        update: int = 64,
        update_dropout: float = 0.5,
        joint: int = 80,
        factor: int = 64,
        factor_dropout: float = 0.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.fused_dim = {"joint": joint, "factor": factor}
        self.memory = memory
        widths = by_modality("hidden", hidden, sequences_modalities)
        self.cells = nn.ModuleList(nn.LSTMCell(parts_dim, width) for width in widths)
        states = sum(widths)
        self.attend = _mlp(2 * states, attention, 2 * states, attention_dropout)
        self.propose = _mlp(2 * states, candidate, memory, candidate_dropout)
        self.retain = _mlp(2 * states + memory, retain, memory, retain_dropout)
        self.update = _mlp(2 * states + memory, update, memory, update_dropout)
        self.join = nn.Linear(states + memory, joint)
        self.factor = nn.Sequential(*_mlp(joint, factor, factor, factor_dropout), nn.ReLU())
        self.predict = _mlp(factor, factor, num_outputs, dropout)

    def forward(
        self, sequences: list[Tensor], masks: list[Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        longest = max(x.shape[1] for x in sequences)
        hidden, states, real = [], [], []
        for cell, x, mask in zip(self.cells, sequences, masks, strict=True):
            missing = longest - x.shape[1]
            mask = nn.functional.pad(mask, (0, missing))
            last, steps = _run(cell, nn.functional.pad(x, (0, 0, 0, missing)), mask)
            hidden.append(last)
            states.append(steps)
            real.append(mask)
        memory = self._remember(torch.cat(states, 2), torch.stack(real).any(0))
        joint = self.join(torch.cat([*hidden, memory], 1))
        factor = self.factor(joint)
        return self.predict(factor), {"joint": joint, "factor": factor}

    def _remember(self, states: Tensor, real: Tensor) -> Tensor:
        """The memory after the last step, from c_0, …, c_L (B, L + 1, MH) and what is real (B, L).

        Only the gates look at the memory, so that all else is computed for all steps at once.
        """
        both = torch.cat([states[:, :-1], states[:, 1:]], 2)  # c*, (B, L, 2MH)
        attended = self.attend(both).softmax(2) * both
        proposed = self.propose(attended).tanh()
        memory = states.new_zeros(len(states), self.memory)
        for step in range(real.shape[1]):
            given = torch.cat([attended[:, step], memory], 1)
            kept = self.retain(given).sigmoid() * memory
            moved = kept + self.update(given).sigmoid() * proposed[:, step]
            memory = torch.where(real[:, step, None], moved, memory)
        return memory


def _mlp(d_in: int, hidden: int, d_out: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(d_in, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, d_out)
    )


def _run(cell: nn.Module, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """The last hidden state (B, H), and c_0 = 0, c_1, …, c_L (B, L + 1, H)."""
    assert isinstance(cell, nn.LSTMCell)
    hidden = state = x.new_zeros(len(x), cell.hidden_size)
    states = [state]
    for step in range(x.shape[1]):
        real = mask[:, step, None]
        new_hidden, new_state = cell(x[:, step], (hidden, state))
        hidden = torch.where(real, new_hidden, hidden)
        state = torch.where(real, new_state, state)
        states.append(state)
    return hidden, torch.stack(states, 1)
