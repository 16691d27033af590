"""The same tasks in every executor; what a lost worker, a signal and little memory lead to."""

import json
import re
import signal
import sys
import threading
from dataclasses import replace

import pytest

from mindkit.config.load import load_spec
from mindkit.data.library import open_store
from mindkit.errors import MindkitError
from mindkit.study.executors import InProcess, driving, make_executor, memory, pools
from mindkit.study.executors.driving import drive
from mindkit.study.executors.making import Lost, Made, Outcome, Setup, make_task
from mindkit.study.executors.pools import Pools
from mindkit.study.executors.processes import Processes
from mindkit.study.jobs import Job, Worker
from mindkit.study.run import with_seed
from mindkit.train.locking import locked
from mindkit.train.loop import Interrupted
from mindkit.train.selection import settle

GB = 10**9


@pytest.fixture(scope="module")
def spec(registries, tiny_mosi, small_mind):
    spec = load_spec(registries, "mind", dataset="mosi", data=str(tiny_mosi), settings=small_mind)
    return settle(spec, registries, open_store(spec.data, registries))


@pytest.fixture(scope="module")
def tasks(spec):
    """Three runs, of which the second has a mistake that only its worker finds."""

    def call(out):
        jobs = [Job(f"seed {s}", with_seed(spec, s), out, (), "cpu") for s in (1, 2, 3)]
        wrong = replace(jobs[1].spec, method=replace(spec.method, name="odd", width=15))
        return [[jobs[0]], [replace(jobs[1], spec=wrong)], [jobs[2]]]

    return call


@pytest.fixture(scope="module")
def made(tasks, tmp_path_factory):
    """Make the tasks with an executor; return what was told, by job, and the scores."""

    def call(executor):
        out = tmp_path_factory.mktemp("runs")
        told = {}
        executor.run(
            tasks(out), lambda job, state, error: told.setdefault(job.label, []).append(state)
        )
        paths = sorted(out.glob("*/metrics.json"))
        runs = {path.parent.name: json.loads(path.read_text()) for path in paths}
        scores = {name: (run["valid"], run["test"]) for name, run in runs.items()}
        errors = [path.read_text() for path in out.glob("*/error.txt")]
        return told, scores, errors

    return call


@pytest.fixture(scope="module")
def expected(made):
    return made(InProcess(Worker()))


def test_in_process_a_failure_is_told_and_the_rest_is_made(expected):
    told, scores, errors = expected
    assert told == {
        "seed 1": ["started", "finished"],
        "seed 2": ["started", "failed"],
        "seed 3": ["started", "finished"],
    }
    assert len(scores) == 2 and len(errors) == 1
    assert "heads must divide the width 15" in errors[0]


@pytest.mark.parametrize(
    ("name", "settings"), [("processes", ()), ("ray", ()), ("slurm", ["cluster=local"])]
)
def test_the_same_is_told_and_scored_elsewhere(name, settings, made, expected):
    executor = make_executor(name, Worker(), workers=2, settings=settings)
    assert made(executor) == expected


def test_no_tasks_are_made_at_once():
    for name in ("in-process", "processes", "ray", "slurm"):
        make_executor(name, Worker()).run([], pytest.fail)


# Following tasks, with an engine that loses them as it is told to.


class Loses:
    """An engine that makes nothing: it loses the first tasks it is handed."""

    def __init__(self, times, on_submit=lambda task: None):
        self.times, self.on_submit = times, on_submit
        self.handed, self.stopped = [], False

    def submit(self, tasks):
        self.handed.append(tasks[0])
        self.on_submit(tasks[0])
        return [Ended(tasks[0], lost=len(self.handed) <= self.times)]

    def stop(self):
        self.stopped = True


class Ended:
    def __init__(self, task, lost):
        self.task, self.lost = task, lost

    def started(self):
        return True

    def done(self):
        return True

    def made(self):
        if self.lost:
            raise Lost("its process was ended by SIGKILL")
        return Made(tuple(Outcome("finished", "") for _ in self.task), 0, None)


@pytest.fixture
def driven(tasks, tmp_path, monkeypatch):
    """Drive the first task, changed, and return what was told of it."""
    monkeypatch.setattr(driving, "POLL", 0)

    def call(engine, tries=3, **changes):
        told = []
        [job] = tasks(tmp_path)[0]
        task = [replace(job, **changes)]
        drive(engine, [task], lambda job, state, error: told.append((state, error)), tries)
        return told

    return call


def test_a_task_whose_worker_is_lost_is_handed_in_again(driven, caplog):
    engine = Loses(times=2)
    assert driven(engine) == [("started", ""), ("finished", "")]
    assert len(engine.handed) == 3
    assert "seed 1: its process was ended by SIGKILL; it is begun again" in caplog.text


def test_a_task_that_is_lost_every_time_fails_with_the_reason(driven, tmp_path):
    engine = Loses(times=9)
    error = "given up after 2 tries: its process was ended by SIGKILL"
    assert driven(engine, tries=2) == [("started", ""), ("failed", error)]
    assert len(engine.handed) == 2
    [written] = tmp_path.glob("*/error.txt")
    assert written.read_text() == f"{error}\n"


def test_a_run_that_was_finished_before_its_worker_was_lost_has_not_failed(driven, tmp_path):
    def finish(task):
        task[0].folder.mkdir(exist_ok=True)
        (task[0].folder / "metrics.json").touch()

    assert driven(Loses(9, finish)) == [("started", ""), ("finished", "")]


def test_what_is_done_afresh_is_deleted_once_and_not_for_each_try(driven, tasks, tmp_path):
    folder = tasks(tmp_path)[0][0].folder
    folder.mkdir()
    (folder / "metrics.json").touch()
    kept = []

    def note(task):
        kept.append(sorted(path.name for path in folder.glob("*")))
        folder.mkdir(exist_ok=True)
        (folder / "half").touch()

    engine = Loses(1, note)
    assert driven(engine, fresh=True)[-1] == ("finished", "")
    assert kept == [[], ["half"]]
    assert [task[0].fresh for task in engine.handed] == [False, False]


def test_a_signal_stops_the_engine_and_says_how_to_go_on(driven):
    engine = Loses(9, lambda task: signal.raise_signal(signal.SIGTERM))
    with pytest.raises(Interrupted, match=r"SIGTERM after 0 of 1 runs; .*same command") as caught:
        driven(engine)
    assert engine.stopped
    assert caught.value.signal_number == signal.SIGTERM


def test_in_process_too_a_signal_says_how_to_go_on(tasks, tmp_path):
    class Signalled(Worker):
        def make_all(self, task, tell):
            tell(task[0], "started", "")
            if task[0].label == "seed 3":
                raise Interrupted("stopped in epoch 1", signal.SIGINT)
            tell(task[0], "finished", "")

    with pytest.raises(Interrupted, match=r"SIGINT after 2 of 3 runs; .*the same command"):
        InProcess(Signalled()).run(tasks(tmp_path), lambda *event: None)


# How many workers memory allows.


class Place:
    """A pool that is handed tasks and never ends them."""

    def __init__(self, device=None):
        self.device, self.busy, self.room, self.held, self.closed = device, False, None, 0, False

    def submit(self, task):
        self.busy = True
        return task

    def measure(self):
        return self.held

    def close(self):
        self.closed = True


@pytest.fixture
def places(monkeypatch):
    """Pools on these devices, where 10 GB are free."""
    monkeypatch.setattr(pools, "free_memory", lambda: 10 * GB)

    def call(*devices, **options):
        all_ = [Place(device) for device in devices]
        return all_, Pools(all_, **options)

    return call


def test_a_first_worker_is_alone_until_it_is_known_what_it_takes(places):
    all_, engine = places(None, None, None, None)
    assert engine.submit("abcd") == ["a"]
    assert engine.submit("bcd") == []
    all_[0].held = 3 * GB
    assert engine.submit("bcd") == ["b", "c"]  # 9 of 10 GB
    assert engine.submit("d") == []


def test_a_worker_that_takes_more_makes_room_for_fewer(places, caplog):
    caplog.set_level("INFO", "mindkit")
    all_, engine = places(None, None, None)
    all_[0].held = 4 * GB
    assert engine.submit("abc") == ["a", "b"]
    all_[1].held = 6 * GB
    all_[0].busy = False
    assert engine.submit("c") == []
    assert all_[0].closed  # an idle process gives back what it holds
    assert "memory for 1 of 3 workers: 10.0 GB were free, and one takes 6.0 GB" in caplog.text


def test_one_worker_is_at_work_however_little_memory_there_is(places):
    all_, engine = places(None, None)
    all_[0].held = 40 * GB
    assert engine.submit("ab") == ["a"]


def test_said_what_a_worker_takes_all_that_fit_begin_at_once(places):
    _, engine = places(None, None, None, memory=4)
    assert engine.submit("abc") == ["a", "b"]


def test_a_gpu_has_one_worker_until_it_is_known_how_many_fit(places):
    all_, engine = places("cuda:0", "cuda:1", "cuda:0", "cuda:0", memory=1)
    assert engine.submit("abcd") == ["a", "b"]
    all_[0].room = 2
    assert engine.submit("cd") == ["c"]
    assert [place.busy for place in all_] == [True, True, True, False]


def test_free_memory_is_no_more_than_a_container_may_use(tmp_path, monkeypatch):
    without = memory.free_memory()
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    for name, value in (("memory.max", "5000"), ("memory.current", "3000")):
        (tmp_path / name).write_text(f"{value}\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 400\n")
    assert memory.free_memory() == 2400 < without
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.free_memory() > 10**6


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="others do not tell")
def test_the_peak_of_a_process_stays_when_memory_is_given_back():
    before = memory.peak_memory()
    held = bytearray(300 * 10**6)
    del held
    peak = memory.peak_memory()
    assert peak >= before > 10**7
    assert peak > 300 * 10**6


# What is asked for.


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("procesess", {}, "--executor procesess: no such executor; did you mean 'processes'"),
        ("in-process", {"workers": 2}, "--workers means nothing to .*: processes, ray, slurm"),
        ("ray", {"devices": ["cuda:0"]}, "--devices means nothing to --executor ray, but to: proc"),
        ("processes", {"settings": ["thread=2"]}, "no such option; did you mean 'threads'"),
        ("processes", {"settings": ["threads"]}, "write it as key=value"),
        ("processes", {"settings": ["threads=two"]}, "threads=two: it takes one int"),
        ("processes", {"settings": ["memory=0"]}, "memory=0: it has to be above 0"),
        ("processes", {"workers": 1, "devices": ["cuda:0", "cuda:1"]}, "some of --devices cuda:0,"),
        ("slurm", {"settings": ["cluster=slrum"]}, "it is slurm or local"),
    ],
)
def test_what_cannot_be_is_an_error_that_says_what_can(name, options, message):
    with pytest.raises(MindkitError, match=message):
        make_executor(name, Worker(), **options)


def test_two_ways_to_name_devices_are_one_too_many(tasks, tmp_path):
    executor = Processes(Worker(), devices=["cuda:0"])
    with pytest.raises(MindkitError, match="--device cpu and --devices cuda:0"):
        executor.run(tasks(tmp_path), pytest.fail)


def test_an_option_of_slurm_that_does_not_exist_is_an_error(tasks, tmp_path):
    executor = make_executor("slurm", Worker(), settings=["cluster=local", "partitoin=gpu"])
    with pytest.raises(MindkitError, match="Unknown argument 'partitoin'"):
        executor.run(tasks(tmp_path), pytest.fail)


def test_without_slurm_the_error_says_how_to_try_it_here(tasks, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    executor = make_executor("slurm", Worker(), settings=["partition=gpu"])
    with pytest.raises(MindkitError, match=r"no Slurm on this machine .*cluster=local"):
        executor.run(tasks(tmp_path), pytest.fail)


def test_a_job_of_slurm_that_fails_is_told_by_its_last_line_and_its_log(tasks, tmp_path):
    executor = make_executor("slurm", Worker(), workers=1, settings=["cluster=local", "tries=1"])
    executor.setup = replace(executor.setup, folder=str(tmp_path / "elsewhere"))
    told = []
    executor.run(tasks(tmp_path)[:1], lambda job, state, error: told.append((state, error)))
    [_, (state, error)] = told
    assert state == "failed"
    assert re.search(r"given up after 1 try: job \d+ failed: .*elsewhere cannot be reached", error)
    assert error.endswith(".err") and ".slurm" in error


@pytest.mark.parametrize(("name", "package"), [("ray", "ray"), ("slurm", "submitit")])
def test_an_extra_that_is_missing_is_named(name, package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MindkitError, match=rf'pip install "mindkit\[{name}\]"'):
        make_executor(name, Worker())


def test_a_worker_says_what_became_of_each_job_and_what_it_took(tasks, tmp_path):
    jobs = [job for task in tasks(tmp_path) for job in task]
    made = make_task(jobs, Setup.of_here(1, Worker(fuse="off")))
    assert [outcome.state for outcome in made.outcomes] == ["finished", "failed", "finished"]
    assert "heads must divide the width 15" in made.outcomes[1].error
    assert made.memory > 10**7 and made.room is None


def test_a_worker_that_does_not_see_the_study_s_folder_is_lost_with_the_reason(tmp_path):
    setup = replace(Setup.of_here(1, Worker()), folder=str(tmp_path / "elsewhere"))
    with pytest.raises(Lost, match=r"elsewhere cannot be reached on .*under the same path"):
        make_task([], setup)


def test_a_run_that_another_study_makes_is_begun_afresh_after_it(tasks, tmp_path, monkeypatch):
    [job] = tasks(tmp_path)[0]
    engine = Loses(times=0)
    with locked([job.folder]):
        study = threading.Thread(
            target=drive,
            args=(engine, [[replace(job, fresh=True)]], lambda *event: None),
            daemon=True,
        )
        study.start()
        study.join(0.5)
        assert engine.handed == []
    study.join(10)
    assert len(engine.handed) == 1
