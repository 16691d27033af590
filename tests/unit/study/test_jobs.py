"""A task of several jobs: made together or one after another, and told of in the same words."""

import logging

import pytest

from mindkit.config.load import load_spec
from mindkit.kinds import Tracker
from mindkit.study import jobs
from mindkit.study.jobs import Job, Worker
from mindkit.study.run import with_seed
from mindkit.train.run import RunResult


class Screen(Tracker):
    """Notes what it is told, as a display would show it."""

    def __init__(self, label, told):
        self.label, self.told = label, told

    def start(self, folder, config):
        self.told.append((self.label, "start"))

    def log(self, record):
        self.told.append((self.label, "epoch"))

    def close(self):
        self.told.append((self.label, "close"))


@pytest.fixture
def task(registries, tiny_mosi, small_mind, tmp_path):
    """Two seeds of MInD on frozen text and padded sequences, or of what `settings` make of it."""

    def make(*settings, seeds=2):
        frozen = ("encoders.text.tune=none", "data.pad_to=6", "training.drop_last=false")
        spec = load_spec(
            registries,
            "mind",
            dataset="mosi",
            data=str(tiny_mosi),
            settings=[*small_mind, *frozen, *settings],
        )
        seeded = [with_seed(spec, seed) for seed in range(1, 1 + seeds)]
        return [Job(f"seed {s.training.seed}", s, tmp_path, device="cpu") for s in seeded]

    return make


def made(worker, task):
    told = []
    worker.make_all(task, lambda job, state, error: told.append((job.label, state, error)))
    return told


def test_a_task_made_together_tells_of_each_job_and_leaves_the_runs_of_single_jobs(task, tmp_path):
    told = made(Worker(fuse="on"), task())
    assert told == [(f"seed {n}", state, "") for state in ("started", "finished") for n in (1, 2)]
    together = [RunResult.read(job.folder).test for job in task()]
    for job in task():
        job.folder.rename(tmp_path / f"kept-{job.spec.training.seed}")
    made(Worker(fuse="off"), task())
    for job, scores in zip(task(), together, strict=True):
        assert RunResult.read(job.folder).test == pytest.approx(scores, abs=1e-4)


def test_of_jobs_made_together_the_first_is_shown(task):
    told = []
    made(Worker(display=lambda label, spec: Screen(label, told), fuse="on"), task())
    other, first = "seed 2", "seed 1"
    assert told == [
        (other, "start"),
        (other, "close"),
        (first, "start"),
        (first, "epoch"),
        (first, "close"),
    ]


def test_jobs_that_cannot_be_made_together_are_made_one_after_another(task, caplog):
    with caplog.at_level(logging.INFO, "mindkit"):
        told = made(Worker(fuse="on"), task("data.pad_to=null"))
    assert [one[:2] for one in told] == [
        (f"seed {n}", state) for n in (1, 2) for state in ("started", "finished")
    ]
    assert "2 seeds one after another: batches of audio differ in length" in caplog.text


def test_a_worker_that_is_told_so_never_tries(task, monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("it was told not to")

    monkeypatch.setattr(jobs, "run_together", refuse)
    assert [state for _, state, _ in made(Worker(fuse="off"), task())] == [
        "started", "finished", "started", "finished",
    ]  # fmt: skip
    assert made(Worker(), task(seeds=1))[-1][1] == "finished"


def test_what_is_wrong_with_all_is_told_and_written_for_each(task):
    wrong = task("encoders.audio={type: transformer, layers: 1, heads: 3}")
    told = made(Worker(fuse="on"), wrong)
    assert [state for _, state, _ in told] == ["failed", "failed"]
    for job, (_, _, error) in zip(wrong, told, strict=True):
        assert "heads must divide the width 16, got 3" in error
        assert (job.folder / "error.txt").read_text() == f"{error}\n"
