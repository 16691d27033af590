import itertools
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from mindkit.errors import ConfigError, MindkitError, TrainingError
from mindkit.kinds import Criterion, Tracker
from mindkit.train.loop import Interrupted
from mindkit.train.run import run_spec


class History(Tracker):
    """Keeps what it is told."""

    def __init__(self, during=lambda record: None):
        self.epochs, self.steps, self.closed, self.during = [], [], False, during

    def progress(self, record):
        self.steps.append(record)
        self.during(record)

    def log(self, record):
        self.epochs.append(record)

    def close(self):
        self.closed = True


@pytest.fixture
def train(registries, tmp_path):
    """Run a spec on the CPU into tmp_path/runs."""

    def run(spec, *, out="runs", **arguments):
        return run_spec(spec, registries, out=tmp_path / out, device="cpu", **arguments)

    return run


def test_training_beats_the_constant_predictor(tiny, train):
    result = train(tiny("training.epochs=30"))
    assert result.test["mae"] < 1.3  # labels are uniform on [-3, 3]: a constant has 1.5
    assert result.test["corr"] > 0.6


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(tiny, train):
    first = train(tiny(), out="a")
    assert train(tiny(), out="b").test == first.test
    assert train(tiny("training.seed=1"), out="c").test != first.test


def test_the_selected_epoch_is_the_best_on_validation_and_not_the_last(tiny, train):
    history = History()
    result = train(tiny("training.optimizer.rate=0.1", "training.epochs=8"), trackers=[history])
    scores = [record["valid"]["mae"] for record in history.epochs]
    assert result.epoch == max(e for e, score in enumerate(scores) if score == min(scores))
    assert result.valid["mae"] == pytest.approx(min(scores), rel=1e-6)


def test_the_test_split_is_predicted_once_and_after_training(tiny, train, monkeypatch):
    import mindkit.train.run as module

    seen = []
    real = module.predict

    def watching(graph, split, *rest):
        seen.append((split.ids[0], len(history.epochs)))
        return real(graph, split, *rest)

    history = History()
    monkeypatch.setattr(module, "predict", watching)
    train(tiny(), trackers=[history])
    assert seen == [("clip_80", 4), ("clip_100", 4)]


def test_the_left_over_batches_of_an_accumulation_are_applied(tiny, train, monkeypatch):
    import mindkit.train.loop as module

    sizes = []
    real = module.train_step

    def watching(model, batches, *rest):
        sizes.append([len(batch) for batch in batches])
        return real(model, batches, *rest)

    monkeypatch.setattr(module, "train_step", watching)
    train(tiny("training.accumulate=3", "training.epochs=1"))
    assert [len(group) for group in sizes] == [3, 2]  # 80 samples in batches of 16
    assert sum(sum(group) for group in sizes) == 80


def test_a_sum_of_gradients_is_so_many_times_their_mean(tiny, train):
    def trained(accumulate, rate):
        sgd = f"training.optimizer={{type: sgd, rate: {rate}, momentum: 0.0}}"
        spec = tiny(sgd, f"training.accumulate={accumulate}", "training.epochs=1", "data.pad_to=6")
        return load_file(train(spec).folder / "model.safetensors")

    mean = trained("{batches: 5, gradients: mean}", 5e-3)  # 80 samples in batches of 16
    added = trained("{batches: 5, gradients: sum}", 1e-3)
    assert all(torch.allclose(added[name], mean[name], atol=1e-6) for name in mean)
    other = trained("{batches: 5, gradients: sum}", 5e-3)
    assert not all(torch.allclose(other[name], mean[name], atol=1e-6) for name in mean)


def test_rollback_reloads_the_best_weights_and_halves_the_rate(tiny, train):
    settings = [
        "training.selection={metric: mae, mode: max, patience: 0, rollback: 1, shrink: 0.5}",
        "training.epochs=20",
    ]
    history = History()  # to maximise the error makes most epochs worse than the first
    result = train(tiny(*settings), trackers=[history])
    decisions = [record["decision"] for record in history.epochs]
    assert decisions[-1] == "stop"
    turn = decisions.index("rollback")
    assert history.epochs[turn + 1]["rate"] == 0.5 * history.epochs[turn]["rate"]
    assert result.epochs == len(decisions)


def test_a_plateau_shrinks_the_rate_and_goes_on_with_the_weights_as_they_are(tiny, train):
    settings = [
        "training.selection={metric: mae, mode: max, patience: 5}",
        "training.selection.plateau={patience: 0, shrink: 0.5}",
    ]
    history = History()  # to maximise the error makes most epochs worse than the first
    train(tiny(*settings), trackers=[history])
    decisions = [record["decision"] for record in history.epochs]
    assert "shrink" in decisions[:-1]
    rates = [record["rate"] for record in history.epochs]
    shrunk = [0.5 if decision == "shrink" else 1.0 for decision in decisions[:-1]]
    assert [b / a for a, b in itertools.pairwise(rates)] == pytest.approx(shrunk)


def test_warm_up_raises_the_rate_to_what_was_set(tiny, train):
    history = History()
    train(tiny("training.warmup=0.5"), trackers=[history])
    rates = [record["rate"] for record in history.epochs]
    assert rates == pytest.approx([0.005, 0.01, 0.01, 0.01])


def test_a_group_can_be_frozen_by_name(tiny, train, registries):
    from mindkit.train.run import load_model

    groups = "training.optimizer.groups=[{match: '^graph.encoders.audio', freeze: true}]"
    one = train(tiny(groups, "training.epochs=1"))
    four = train(tiny(groups, "training.epochs=4"))
    weights = [load_model(r.folder, registries)[2].graph.encoders["audio"] for r in (one, four)]
    for a, b in zip(*(w.parameters() for w in weights), strict=True):
        assert torch.equal(a, b)
    assert one.parameters < train(tiny("training.epochs=1")).parameters


def test_a_pattern_that_matches_no_parameter_is_an_error_with_what_there_is(tiny, train):
    with pytest.raises(ConfigError) as caught:
        train(tiny("training.optimizer.groups=[{match: berd, rate: 1e-5}]"))
    message = str(caught.value)
    assert "training.optimizer.groups[0].match" in message
    assert "no parameter is matched first by 'berd'" in message
    assert "graph.encoders.audio" in message


class Explodes(Criterion):
    """Is not finite from the seventh step on."""

    def __init__(self):
        super().__init__()
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    def forward(self, a):
        if self.training:
            self.step += 1
        return a.sum() * 0 + torch.where(self.step > 6, torch.inf, 1.0)


def test_a_loss_that_is_not_finite_names_its_term(tiny, train, registries):
    with registries.registering("test"):
        registries.criteria.add("explodes", Explodes)
    try:
        spec = tiny("terms.diff={type: explodes, inputs: [[invariant.$m]]}", "training.log_every=1")
        history = History()
        with pytest.raises(TrainingError) as caught:
            train(spec, trackers=[history])
    finally:
        registries.criteria.discard("test")
    message = str(caught.value)
    # Five steps an epoch, one call each: a plain component with state has a module per copy.
    assert "term 'diff', first in epoch 2, step 2" in message
    assert "lower terms.diff.weight" in message
    assert history.closed


def test_the_last_good_checkpoint_survives_a_loss_that_is_not_finite(
    tiny, train, registries, tmp_path
):
    with registries.registering("test"):
        registries.criteria.add("explodes", Explodes)
    try:
        spec = tiny("terms.diff={type: explodes, inputs: [[prediction]]}", "training.batch_size=20")
        with pytest.raises(TrainingError, match="first in epoch 2, step 3; the last good state"):
            train(spec)
    finally:
        registries.criteria.discard("test")
    (pointer,) = (tmp_path / "runs").glob("*/checkpoint/state.json")
    assert json.loads(pointer.read_text()) == {"latest": "epoch-0", "best": "epoch-0"}
    state = torch.load(pointer.with_name("epoch-0.pt"), weights_only=True)
    assert all(tensor.isfinite().all() for tensor in state["model"].values())


def test_an_interrupted_run_goes_on_to_the_same_numbers(tiny, train):
    """A signal comes in the middle of an epoch; the resumed run ends as if none had come."""
    whole = train(tiny("training.log_every=1"), out="whole")

    def interrupt(record):
        if record["epoch"] == 1 and record["step"] == 2:
            os.kill(os.getpid(), signal.SIGINT)

    spec = tiny("training.log_every=1")
    with pytest.raises(Interrupted, match=r"SIGINT in epoch 2, step 2.*--resume"):
        train(spec, trackers=[History(interrupt)])
    with pytest.raises(MindkitError, match="--resume goes on with it"):
        train(spec)
    history = History()
    resumed = train(spec, resume=True, trackers=[history])
    assert [record["epoch"] for record in history.epochs] == [1, 2, 3]
    assert resumed.test == whole.test
    assert resumed.valid == whole.valid
    assert (resumed.folder / "predictions.csv").read_text() == (
        whole.folder / "predictions.csv"
    ).read_text()


SCRIPT = """
import sys, time
from pathlib import Path
from mindkit.config.load import load_spec
from mindkit.hooks import load_plugins
from mindkit.kinds import Tracker
from mindkit.train.run import run_spec

class Slow(Tracker):
    def progress(self, record):
        print(record["epoch"], record["step"], flush=True)
        time.sleep(0.05)

registries = load_plugins().registries
spec = load_spec(registries, {method!r}, dataset="mosi", data={data!r},
                 settings=["training.log_every=1"])
run_spec(spec, registries, out=Path({out!r}), device="cpu", trackers=[Slow()])
"""


def test_a_run_killed_in_mid_epoch_resumes_to_the_bit(tiny, train, tmp_path):
    whole = train(tiny("training.log_every=1"), out="whole")
    script = textwrap.dedent(SCRIPT).format(
        method=str(tmp_path / "tiny.yaml"),
        data=str(tmp_path / "tiny.npz"),
        out=str(tmp_path / "killed"),
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if line.split() == ["2", "3"]:  # the third epoch, before its last step
            process.send_signal(signal.SIGKILL)
            break
    process.wait(timeout=60)
    process.stdout.close()
    assert process.returncode == -signal.SIGKILL

    history = History()
    resumed = train(tiny("training.log_every=1"), out="killed", resume=True, trackers=[history])
    assert [record["epoch"] for record in history.epochs] == [2, 3]
    assert resumed.test == whole.test
    told = [json.loads(r) for r in (resumed.folder / "history.jsonl").read_text().splitlines()]
    assert [record["epoch"] for record in told] == [0, 1, 2, 3]


def test_a_finished_run_is_read_and_not_repeated(tiny, train):
    first = train(tiny())
    began = time.monotonic()
    history = History()
    assert train(tiny(), trackers=[history]).test == first.test
    assert history.epochs == []
    assert time.monotonic() > began


def test_a_run_is_not_read_again_after_its_plugin_has_changed(tiny, tmp_path):
    import mindkit

    tiny()  # writes the method and the data
    plugin = Path(__file__).parents[2] / "examples" / "my_losses.py"
    mine = tmp_path / "mine.py"
    mine.write_text(plugin.read_text())
    arguments = {
        "dataset": "mosi",
        "data": str(tmp_path / "tiny.npz"),
        "settings": ["terms.cons.type=cosine", "training.epochs=1"],
        "plugins": [str(mine)],
        "out": tmp_path / "runs",
        "device": "cpu",
    }
    mindkit.run(str(tmp_path / "tiny.yaml"), **arguments)
    mine.write_text(plugin.read_text().replace("1 - F", "2 - F"))
    with pytest.raises(MindkitError, match=r"earlier version of the plugin .*mine.py; --fresh"):
        mindkit.run(str(tmp_path / "tiny.yaml"), **arguments)
    mindkit.run(str(tmp_path / "tiny.yaml"), fresh=True, **arguments)


def test_files_of_a_run_are_readable_as_the_umask_says(tiny, train):
    folder = train(tiny("training.epochs=1")).folder
    mask = os.umask(0)
    os.umask(mask)
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o777 == 0o666 & ~mask, path.name


def test_one_sample_left_over_does_not_break_batch_statistics(tiny, train, caplog):
    result = train(tiny("training.batch_size=79"))
    assert result.test["mae"] > 0
    assert any("set training.drop_last=true" in record.message for record in caplog.records)


def test_a_scalar_is_fetched_once_per_interval_and_not_every_step(tiny, train, monkeypatch):
    fetched = []
    real = torch.Tensor.tolist

    def counting(tensor):
        if tensor.ndim == 2 and tensor.shape[0] == 2:  # sums and first_bad, side by side
            fetched.append(tensor.shape)
        return real(tensor)

    monkeypatch.setattr(torch.Tensor, "tolist", counting)
    train(tiny("training.log_every=100", "training.epochs=2"))
    assert len(fetched) == 2  # once at the end of each epoch


def test_an_unknown_device_is_refused_with_what_would_do(tiny, registries, tmp_path):
    with pytest.raises(MindkitError, match="--device cuda:9: this machine cannot compute there"):
        run_spec(tiny(), registries, out=tmp_path, device="cuda:9")


def test_clipping_bounds_the_gradient():
    from mindkit.config.training import Clip
    from mindkit.train.optim import clip_gradients

    parameter = nn.Parameter(torch.zeros(2))
    parameter.grad = torch.tensor([3.0, 4.0])
    clip_gradients([parameter], Clip(norm=1.0))
    assert torch.allclose(parameter.grad, torch.tensor([0.6, 0.8]), atol=1e-5)
    clip_gradients([parameter], Clip(value=0.5))
    assert torch.allclose(parameter.grad, torch.tensor([0.5, 0.5]))


@pytest.mark.gpu
def test_a_gpu_run_ends_near_the_cpu_run(tiny, registries, tmp_path):
    cpu = run_spec(tiny("training.precision=float32"), registries, out=tmp_path / "a", device="cpu")
    gpu = run_spec(
        tiny("training.precision=float32"), registries, out=tmp_path / "b", device="cuda"
    )
    assert gpu.test["mae"] == pytest.approx(cpu.test["mae"], abs=0.3)  # noise is drawn elsewhere


@pytest.mark.parametrize("said", ["SIMULATED DATA", "RECONSTRUCTED, in parts"])
def test_every_output_on_simulated_data_or_of_a_stamped_method_says_so(
    tiny, registries, tmp_path, said
):
    from dataclasses import replace

    from safetensors import safe_open

    from mindkit.data.library import open_store

    stamped = ["stamp='RECONSTRUCTED, in parts'"] if "RECONSTRUCTED" in said else []
    spec = tiny("training.epochs=1", *stamped)
    store = replace(open_store(spec.data, registries), simulated=not stamped)
    folder = run_spec(spec, registries, out=tmp_path, device="cpu", store=store).folder
    for name in ("config.yaml", "environment.json", "metrics.json", "history.jsonl"):
        assert said in (folder / name).read_text(), name
    rows = (folder / "predictions.csv").read_text().splitlines()
    assert all(said in row for row in rows[1:])
    with safe_open(folder / "model.safetensors", "pt") as weights:
        assert said in weights.metadata()["stamps"]


def test_a_linear_model_beside_a_stamped_method_is_not_stamped(tiny, registries):
    from mindkit.data.library import open_store
    from mindkit.train.run import stamps_of

    spec = tiny("stamp='RECONSTRUCTED'")
    assert stamps_of(spec, open_store(spec.data, registries)) == ()


def test_a_run_on_perturbed_data_says_so_and_sees_them(tiny, registries, tmp_path):
    perturbed, plain = (
        run_spec(spec, registries, out=tmp_path, device="cpu")
        for spec in (
            tiny("training.epochs=1", "data.missing={rates: 0.9, splits: [test]}"),
            tiny("training.epochs=1"),
        )
    )
    (stamp,) = perturbed.stamps
    assert stamp.startswith("PERTURBED DATA: missing 0.9 in test; not comparable")
    assert perturbed.valid == plain.valid
    assert perturbed.test != plain.test


def test_training_under_bfloat16_stays_finite_and_learns(tiny, train):
    result = train(tiny("training.precision=bfloat16", "training.epochs=8"))
    assert result.test["mae"] < 1.5
