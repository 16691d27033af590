from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from mindkit.api import Column, DataError, Encoder
from mindkit_basics.encoders import pretrained
from mindkit_basics.encoders.caching import cached
from mindkit_basics.encoders.convolution import Convolution
from mindkit_basics.encoders.projection import ending
from mindkit_basics.encoders.readouts import masked_max, masked_mean

Readout = Literal["masked_mean", "masked_max", "cls", "pooler"]


class Bert(Encoder):
    """Encode text, or stored token ids, with a pretrained BERT-family transformer.

    Shapes: x (B, L), mask (B, L) -> (B, D), (B, L, D) when tuned; x (B, H) -> (B, D) when frozen,
    and with `keep_steps` x (B, L, H), mask (B, L) -> (B, D), (B, L, D).

    MInD eq. 1 for text: the last hidden states, their mean over the tokens ([CLS] and [SEP]
    included), then Linear -> ReLU -> LayerNorm, as in the authors' code; the paper names the model
    only. The second output is the projected sequence, zero where padded.
    A frozen model encodes each text once, before training; then the encoder holds the projection
    alone and takes the H numbers a text, or a token, that `prepare` gives. It is `sequential`
    only with `keep_steps`.
    Stored ids, such as text_bert of MMSA's files, must be those of the model's own vocabulary.

    model: "minilm" (all-MiniLM-L6-v2 as packaged, H = 384), a local folder, or a name on the
    Hugging Face hub.
    tune: "all" layers are trained, "none", or the topmost so many.
    tune_embeddings: beside a number of layers, whether the embeddings below them are trained too.
    keep_steps: whether a frozen model's output is kept for every token, as methods over time need
    it, not for the text alone. 4 H bytes a token: 0.8 GB for CMU-MOSEI at H = 384.
    readout: the vector is the mean over the text's tokens, the greatest of each feature there, the
    output at [CLS], or what the model's own pooler, a layer with tanh, makes of that. The last
    needs a model that comes with the pooler's weights; it is trained wherever a layer is.
    max_length: tokens a text is cut to, with [CLS] and [SEP].
    dropout: probability of zeroing an entry of a hidden state before it is projected, 0 to 1.
    output: Linear -> ReLU -> LayerNorm, a linear layer alone, or a convolution over the tokens, as
    in DMD; then the vector is read from what the convolution gives, by a masked read-out.
    kernel: number of tokens that a step of the convolution is made from; odd.
    """

    accepts = ("text", "tokens")
    sequential = True

    def __init__(
        self,
        width: int,
        *,
        model: str = pretrained.MINILM,
        tune: Literal["all", "none"] | int = "all",
        tune_embeddings: bool = False,
        keep_steps: bool = False,
        readout: Readout = "masked_mean",
        max_length: int = 128,
        dropout: float = 0.0,
        output: Literal["projection", "linear", "convolution"] = "projection",
        kernel: int = 5,
    ) -> None:
        super().__init__()
        config = pretrained.load_config(model)
        if not 3 <= max_length <= config.max_position_embeddings:
            raise ValueError(
                f"max_length must be 3 to {config.max_position_embeddings} for the model "
                f"'{model}', got {max_length}"
            )
        _refuse_contradictions(tune, tune_embeddings, keep_steps, readout, output)
        self.model, self.tune, self.readout, self.max_length = model, tune, readout, max_length
        self.keep_steps = keep_steps
        self.dropout = nn.Dropout(dropout)
        self.projection: nn.Module
        if output == "convolution":
            self.projection = Convolution(
                config.hidden_size,
                width,
                kernel=kernel,
                dropout=dropout,
                readout="masked_max" if readout == "masked_max" else "masked_mean",
            )
        else:
            self.projection = ending(output, config.hidden_size, width)
        self.sequential = keep_steps or tune != "none"  # type: ignore[misc]  # of the instance
        if tune != "none":
            self.transformer = self._load()
        if isinstance(tune, int):
            _freeze_below(self.transformer, tune, tune_embeddings)

    def prepare(self, column: Column, cache: Path | None) -> Column:
        """Return each text's token ids or, if frozen, its read-out (N, H) or steps (sum L, H).

        What is encoded is kept in `cache` under a hash of texts, model files, form and length.
        """
        if self.tune != "none":
            return self._tokens(column)
        form = "steps" if self.keep_steps else self.readout
        key = "bert", column.digest(), self._digest, form, self.max_length
        if not self.keep_steps:
            found = cached(cache, key, lambda: {"vectors": self._vectors(column)})
            return Column.of_vectors(found["vectors"], f"frozen {self.model}, {form}")
        found = cached(cache, key, lambda: self._steps(column))
        steps, offsets = found["steps"], found["offsets"]
        return Column("sequence", steps, offsets, f"frozen {self.model}, each token")

    def unknown(self, kind: str) -> tuple[str | int, tuple[int, ...]]:
        """Return the tokenizer's unknown token, a word or an id, and the ids of special tokens."""
        tokenizer = self._tokenizer
        if tokenizer.unk_token is None:
            raise DataError(f"the tokenizer of '{self.model}' has no token for unknown words")
        special = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
        value = tokenizer.unk_token if kind == "text" else tokenizer.unk_token_id
        return value, tuple(sorted(special))

    def words_of_tokens(self, column: Column) -> Column:
        """Return the place of each token's word in its text; -1 for [CLS] and [SEP]."""
        if not self._tokenizer.is_fast:
            raise DataError(
                f"the tokenizer of '{self.model}' does not tell where in a text its tokens are; "
                "set data.align=none, or choose a model with tokenizer.json"
            )
        texts = list(column.values)
        places = self._cut(texts, return_offsets_mapping=True)["offset_mapping"]
        words = [_words_at(text, spans) for text, spans in zip(texts, places, strict=True)]
        return Column.of_tokens(words, f"words of the tokens of {self.model}")

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor | tuple[Tensor, Tensor]:
        if mask is None:
            return self.projection(self.dropout(x))
        hidden, pooled = (
            (x, None) if self.keep_steps else pretrained.outputs(self.transformer, x, mask)
        )
        if isinstance(self.projection, Convolution):
            return self.projection(hidden, mask)
        sequence = self.projection(self.dropout(hidden)).masked_fill(~mask.unsqueeze(2), 0)
        return self.projection(self.dropout(self._read(hidden, mask, pooled))), sequence

    def _load(self) -> nn.Module:
        return pretrained.load_model(self.model, pooler=self.readout == "pooler")

    def _read(self, hidden: Tensor, mask: Tensor, pooled: Tensor | None) -> Tensor:
        if self.readout == "pooler":
            assert pooled is not None
            return pooled
        if self.readout == "cls":
            return hidden[:, 0]
        return (masked_max if self.readout == "masked_max" else masked_mean)(hidden, mask)

    @cached_property
    def _tokenizer(self) -> Any:
        return pretrained.load_tokenizer(self.model)

    @cached_property
    def _digest(self) -> str:
        return pretrained.weights_digest(self.model)

    def _cut(self, texts: list[str], **options: bool) -> Any:
        return self._tokenizer(texts, truncation=True, max_length=self.max_length, **options)

    def _tokens(self, column: Column) -> Column:
        if column.kind == "text":
            ids = self._cut(list(column.values))["input_ids"]
            return Column.of_tokens(ids, f"tokens of {self.model}")
        self._refuse_foreign(column)
        assert isinstance(column.values, Tensor) and column.lengths is not None
        samples = column.values.split(column.lengths.tolist())
        return Column.of_tokens([self._shortened(one) for one in samples], column.provenance)

    def _shortened(self, ids: Tensor) -> Tensor:
        """The first ids, and the last, which is [SEP], as the tokenizer cuts a text."""
        long = len(ids) > self.max_length
        return torch.cat([ids[: self.max_length - 1], ids[-1:]]) if long else ids

    def _refuse_foreign(self, column: Column) -> None:
        assert isinstance(column.values, Tensor) and column.offsets is not None
        size = pretrained.load_config(self.model).vocab_size
        foreign = ((column.values < 0) | (column.values >= size)).nonzero()
        if len(foreign):
            row = int(foreign[0])
            sample = int(torch.searchsorted(column.offsets, row, right=True)) - 1
            raise DataError(
                f"token {int(column.values[row])} of sample {sample} ({column.provenance}) is none "
                f"of the {size} of '{self.model}'; set model to the one that the ids were made "
                "for, or encode the raw text"
            )

    def _vectors(self, column: Column) -> Tensor:
        """Read-out vectors (N, H) of the texts."""
        tokens = self._tokens(column)
        vectors = torch.empty(len(tokens), pretrained.load_config(self.model).hidden_size)
        for rows, mask, hidden, pooled in self._encode(tokens):
            vectors[rows] = self._read(hidden, mask, pooled).cpu()
        return vectors

    def _steps(self, column: Column) -> dict[str, Tensor]:
        """Outputs (sum L, H) at the tokens of the texts, and the offsets (N + 1,) of these."""
        tokens = self._tokens(column)
        assert tokens.offsets is not None
        width = pretrained.load_config(self.model).hidden_size
        steps = torch.empty(len(tokens.values), width)
        for rows, mask, hidden, _ in self._encode(tokens):
            for row, states, real in zip(rows.tolist(), hidden.cpu(), mask.cpu(), strict=True):
                steps[tokens.offsets[row] : tokens.offsets[row + 1]] = states[real]
        return {"steps": steps, "offsets": tokens.offsets}

    @torch.no_grad()
    def _encode(
        self, tokens: Column, batch_size: int = 64
    ) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor | None]]:
        """Rows, mask and outputs of the model for batches of like length, on its device."""
        device = next(self.projection.parameters()).device
        transformer = self._load().eval().to(device)
        tokens = tokens.to(device)
        assert tokens.lengths is not None
        for rows in tokens.lengths.argsort(stable=True).split(batch_size):
            ids, mask = tokens.gather(rows)
            assert mask is not None
            yield rows, mask, *pretrained.outputs(transformer, ids, mask)


def _refuse_contradictions(
    tune: str | int, tune_embeddings: bool, keep_steps: bool, readout: str, output: str
) -> None:
    if tune_embeddings and tune == "none":
        raise ValueError(
            "tune_embeddings trains embeddings, and with tune none nothing is trained; set "
            "tune_embeddings to false"
        )
    if keep_steps and tune != "none":
        raise ValueError(
            "keep_steps is of a frozen model, and one that is tuned gives every step anyway; "
            "set tune to none, or keep_steps to false"
        )
    if keep_steps and readout == "pooler":
        raise ValueError(
            "keep_steps keeps the outputs at tokens, and not the pooler's; set readout to cls "
            "or masked_mean, or keep_steps to false"
        )
    if output == "convolution" and tune == "none" and not keep_steps:
        raise ValueError(
            "output convolution runs over the tokens of a text, of which a frozen model keeps one "
            "vector; set keep_steps to true, or output to linear"
        )
    if output == "convolution" and not readout.startswith("masked"):
        raise ValueError(
            f"output convolution is read out by masked_mean or masked_max, got readout {readout}"
        )


def _words_at(text: str, spans: list[tuple[int, int]]) -> list[int]:
    """The place of the word that each span ends in; -1 for a span of no characters."""
    starts = [match.start() for match in re.finditer(r"\S+", text)]
    return [bisect_right(starts, end - 1) - 1 if end > start else -1 for start, end in spans]


def _freeze_below(transformer: torch.nn.Module, top: int, but_embeddings: bool) -> None:
    """Leave the `top` layers and what is above them trainable, and maybe the embeddings.

    Dropout stays on everywhere.
    """
    layers = pretrained.layers(transformer)
    if not 1 <= top <= len(layers):
        raise ValueError(f'tune must be "all", "none" or 1 to {len(layers)} layers, got {top}')
    transformer.requires_grad_(False)
    for layer in layers[-top:]:
        layer.requires_grad_(True)
    if getattr(transformer, "pooler", None) is not None:
        transformer.get_submodule("pooler").requires_grad_(True)
    if but_embeddings:
        transformer.get_submodule("embeddings").requires_grad_(True)
