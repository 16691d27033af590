"""Studies whose workers and parents are killed, and two at once: same numbers, nothing twice."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

import mindkit

PLUGIN = Path(__file__).parents[2] / "examples" / "mortal.py"
EPOCHS = 3
RUNS = 4  # two rows of two seeds


@pytest.fixture(scope="module")
def settings(small_mind):
    others = [line for line in small_mind if not line.startswith("training.epochs")]
    return [*others, f"training.epochs={EPOCHS}", "training.trackers=[jsonl, mortal]"]


@pytest.fixture(scope="module")
def study(tiny_mosi, settings):
    """Make the study in this process, with whatever executor."""

    def call(out, **where):
        return mindkit.ablate(
            "mind",
            "mosi",
            drop=["cyr"],
            seeds=2,
            data=str(tiny_mosi),
            settings=settings,
            plugins=[str(PLUGIN)],
            out=out,
            device="cpu",
            fuse="off",
            **where,
        )

    return call


@pytest.fixture(scope="module")
def undisturbed(study, tmp_path_factory):
    """The scores of every run, by the name of its folder, of a study that nothing happened to."""
    out = tmp_path_factory.mktemp("undisturbed")
    study(out)
    return scores(out)


@pytest.fixture
def start(tiny_mosi, settings, tmp_path):
    """Start the same study as a command, in a process of its own."""
    begun = []

    def call(*options):
        command = [sys.executable, "-m", "mindkit", "ablate", "mind", "--dataset", "mosi"]
        command += ["--data", str(tiny_mosi), "--plugin", str(PLUGIN), "--out", str(tmp_path)]
        command += ["--drop", "cyr", "--seeds", "2", "--device", "cpu", "--fuse", "off", *options]
        command += [word for line in settings for word in ("--set", line)]
        # Output to files: a pipe that nobody reads fills up, and workers keep it open.
        output = (tmp_path / f"output-{len(begun)}.txt").open("w+")
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        begun.append((process, output))
        return process

    yield call
    for process, output in begun:
        process.kill()
        process.wait()
        output.close()


def scores(out):
    runs = [json.loads(path.read_text()) for path in out.glob("*/metrics.json")]
    names = [path.parent.name for path in out.glob("*/metrics.json")]
    kept = ("valid", "test", "epoch", "epochs")
    return {name: {key: run[key] for key in kept} for name, run in zip(names, runs, strict=True)}


def epochs(out):
    """How often each epoch of each run was trained."""
    return Counter(tuple(line.split()[:2]) for line in lines(out))


def pids(out):
    return {int(line.split()[2]) for line in lines(out)}


def lines(out):
    path = out / "epochs.txt"
    return path.read_text().splitlines() if path.exists() else []


def until(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def alive(pid):
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def held(out):
    """Return True when two runs wait in their second epoch, each in its own process."""
    return sum(line.split()[1] == "1" for line in lines(out)) == 2


def every_epoch_once(undisturbed):
    return {(name, str(epoch)): 1 for name in undisturbed for epoch in range(EPOCHS)}


def test_a_killed_worker_is_replaced_and_its_run_goes_on(study, undisturbed, tmp_path, caplog):
    victim = sorted(undisturbed)[0]
    (tmp_path / f"kill-{victim}").touch()
    made = study(tmp_path, executor="processes", workers=2)
    assert [len(row) for row in made.rows] == [2, 2]
    assert scores(tmp_path) == undisturbed
    # Told of its second epoch, it was killed before it had saved that: this one was trained twice.
    assert epochs(tmp_path) == every_epoch_once(undisturbed) | {(victim, "1"): 2}
    assert "ended by SIGKILL, as the system does when memory runs short; it is begun" in caplog.text
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/metrics.json")}
    study(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/metrics.json")} == before


def test_after_the_parent_is_killed_the_workers_end_and_a_rerun_goes_on(
    study, start, undisturbed, tmp_path
):
    (tmp_path / "hold").touch()
    parent = start("--executor", "processes", "--workers", "2")
    until(lambda: held(tmp_path))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    (tmp_path / "hold").unlink()
    until(lambda: not any(map(alive, pids(tmp_path))), seconds=40)
    assert len(scores(tmp_path)) < RUNS
    study(tmp_path)
    assert scores(tmp_path) == undisturbed
    assert epochs(tmp_path) == every_epoch_once(undisturbed)


def test_on_ctrl_c_the_workers_save_their_state_and_it_is_said_how_to_go_on(
    study, start, undisturbed, tmp_path
):
    (tmp_path / "hold").touch()
    parent = start("--executor", "processes", "--workers", "2")
    until(lambda: held(tmp_path))
    os.killpg(parent.pid, signal.SIGINT)  # a terminal sends it to the workers too
    (tmp_path / "hold").unlink()
    assert parent.wait(60) == 128 + signal.SIGINT
    said = " ".join((tmp_path / "output-0.txt").read_text().split())
    assert "stopped by SIGINT after 0 of 4 runs" in said
    assert "the same command goes on from there" in said
    assert "Traceback" not in said
    assert not any(map(alive, pids(tmp_path)))
    study(tmp_path)
    assert scores(tmp_path) == undisturbed
    assert epochs(tmp_path) == every_epoch_once(undisturbed)


def test_two_studies_started_together_on_one_folder_make_each_run_once(
    start, undisturbed, tmp_path
):
    both = [start(), start()]
    assert [process.wait(180) for process in both] == [0, 0]
    assert scores(tmp_path) == undisturbed
    assert epochs(tmp_path) == every_epoch_once(undisturbed)
    first, second = ((tmp_path / f"output-{n}.txt").read_text() for n in (0, 1))
    assert "is being made by another process" in first + second
