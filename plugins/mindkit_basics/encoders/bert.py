from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from mindkit.api import Column, Encoder
from mindkit_basics.encoders import pretrained
from mindkit_basics.encoders.projection import projection


class Bert(Encoder):
    """Encode text with a pretrained BERT-family transformer.

    Shapes: x (B, L), mask (B, L) -> (B, D), (B, L, D) when tuned; x (B, H) -> (B, D) when frozen.

    MInD eq. 1 for text: the last hidden states, their mean over the tokens ([CLS] and [SEP]
    included), then Linear -> ReLU -> LayerNorm, as in the authors' code; the paper names the model
    only. There is no pooler. The second output is the projected sequence, zero where padded.
    A frozen model encodes each text once, before training; then the encoder holds the projection
    alone, is not `sequential`, and takes the H numbers a text that `prepare` gives.

    model: "minilm" (all-MiniLM-L6-v2 as packaged, H = 384), a local folder, or a name on the
    Hugging Face hub.
    tune: "all" layers are trained, "none", or the topmost so many.
    readout: the vector is the mean over the text's tokens, or the output at [CLS].
    max_length: tokens a text is cut to, with [CLS] and [SEP].
    """

    accepts = ("text",)
    sequential = True

    def __init__(
        self,
        width: int,
        *,
        model: str = pretrained.MINILM,
        tune: Literal["all", "none"] | int = "all",
        readout: Literal["masked_mean", "cls"] = "masked_mean",
        max_length: int = 128,
    ) -> None:
        super().__init__()
        config = pretrained.load_config(model)
        if not 3 <= max_length <= config.max_position_embeddings:
            raise ValueError(
                f"max_length must be 3 to {config.max_position_embeddings} for the model "
                f"'{model}', got {max_length}"
            )
        self.model, self.tune, self.readout, self.max_length = model, tune, readout, max_length
        self.projection = projection(config.hidden_size, width)
        self.sequential = tune != "none"  # type: ignore[misc]  # a fact of the instance here
        if tune != "none":
            self.transformer = pretrained.load_model(model)
        if isinstance(tune, int):
            _freeze_below(self.transformer, tune)

    def prepare(self, column: Column, cache: Path | None) -> Column:
        """Return the token ids of each text, or, if frozen, its read-out vector (N, H).

        The vectors are kept in `cache` under a hash of texts, model files, read-out and length.
        """
        if self.tune != "none":
            return Column.of_tokens(self._tokens(column), f"tokens of {self.model}")
        provenance = f"frozen {self.model}, {self.readout}"
        if cache is None:
            return Column.of_vectors(self._encode(column), provenance)
        from safetensors.torch import load_file, save_file

        state = (column.digest(), pretrained.weights_digest(self.model), self.readout)
        key = hashlib.sha256(repr((*state, self.max_length)).encode()).hexdigest()
        path = cache / f"text-{key}.safetensors"
        if not path.is_file():
            cache.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_suffix(f".{os.getpid()}")
            save_file({"vectors": self._encode(column)}, unfinished)
            unfinished.replace(path)
        return Column.of_vectors(load_file(path)["vectors"], provenance)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor | tuple[Tensor, Tensor]:
        if mask is None:
            return self.projection(x)
        hidden = pretrained.hidden_states(self.transformer, x, mask)  # (B, L, H)
        sequence = self.projection(hidden).masked_fill(~mask.unsqueeze(2), 0)
        return self.projection(self._read(hidden, mask)), sequence

    def _read(self, hidden: Tensor, mask: Tensor) -> Tensor:
        if self.readout == "cls":
            return hidden[:, 0]
        total = hidden.masked_fill(~mask.unsqueeze(2), 0).sum(1)
        return total / mask.sum(1, keepdim=True).clamp(min=1)

    def _tokens(self, column: Column) -> list[list[int]]:
        tokenizer = pretrained.load_tokenizer(self.model)
        texts = list(column.values)
        return tokenizer(texts, truncation=True, max_length=self.max_length)["input_ids"]

    def _encode(self, column: Column, batch_size: int = 64) -> Tensor:
        """Read-out vectors (N, H) of the texts, in batches of like length, where the encoder is."""
        device = next(self.projection.parameters()).device
        tokens = Column.of_tokens(self._tokens(column)).to(device)
        transformer = pretrained.load_model(self.model).eval().to(device)
        config: Any = transformer.config
        assert tokens.lengths is not None
        order = tokens.lengths.argsort(stable=True)
        vectors = torch.empty(len(tokens), config.hidden_size)
        with torch.no_grad():
            for rows in order.split(batch_size):
                ids, mask = tokens.gather(rows)
                assert mask is not None
                hidden = pretrained.hidden_states(transformer, ids, mask)
                vectors[rows] = self._read(hidden, mask).cpu()
        return vectors


def _freeze_below(transformer: torch.nn.Module, top: int) -> None:
    """Leave the `top` layers trainable and nothing else; dropout stays on everywhere."""
    layers = pretrained.layers(transformer)
    if not 1 <= top <= len(layers):
        raise ValueError(f'tune must be "all", "none" or 1 to {len(layers)} layers, got {top}')
    transformer.requires_grad_(False)
    for layer in layers[-top:]:
        layer.requires_grad_(True)
