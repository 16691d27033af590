"""The lock of a run folder: between processes, and where it cannot be had."""

import errno
import fcntl
import logging
import multiprocessing
import os
import signal
import threading

import pytest

from mindkit.errors import MindkitError
from mindkit.train.locking import locked

SPAWN = multiprocessing.get_context("spawn")


def hold(folder, line):
    """Hold the lock in a process of its own until it is told to go on."""
    with locked([folder]):
        line.send("held")
        line.recv()


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock of `run`, and what lets it go."""
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=hold, args=(tmp_path / "run", theirs))
    process.start()
    assert ours.poll(60)
    yield process, lambda: ours.send("go on")
    process.kill()
    process.join()
    process.close()
    ours.close()
    theirs.close()


def enter(folder, entered):
    with locked([folder]):
        entered.set()


@pytest.fixture
def waiting(tmp_path, holder):
    """The event that is set once this process has the lock too."""
    entered = threading.Event()
    threading.Thread(target=enter, args=(tmp_path / "run", entered), daemon=True).start()
    return entered


def test_a_second_process_waits_until_the_first_is_done(holder, waiting):
    assert not waiting.wait(0.5)
    holder[1]()
    assert waiting.wait(10)


def test_the_lock_of_a_killed_process_is_free(holder, waiting):
    os.kill(holder[0].pid, signal.SIGKILL)
    assert waiting.wait(10)


def test_one_that_waits_says_for_what(tmp_path, holder, caplog):
    caplog.set_level(logging.INFO, "mindkit")
    threading.Timer(0.3, holder[1]).start()
    with locked([tmp_path / "run"]):
        (record,) = caplog.records
    assert "run is being made by another process; waiting for it" in record.getMessage()


def test_one_that_waits_can_be_interrupted(tmp_path, holder):
    threading.Timer(0.3, signal.raise_signal, [signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt), locked([tmp_path / "run"]):
        pass


def test_other_runs_in_the_same_folder_are_free(tmp_path, holder):
    with locked([tmp_path / "other"]):
        pass


def test_several_are_locked_in_one_order_whatever_order_is_asked(tmp_path):
    order = []
    pair = [tmp_path / "a", tmp_path / "b"]

    def both(folders):
        for _ in range(50):
            with locked(folders):
                order.append(None)

    threads = [
        threading.Thread(target=both, args=(folders,), daemon=True)
        for folders in (pair, pair[::-1])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(order) == 100


def test_the_lock_outlives_the_run_folder(tmp_path):
    with locked([tmp_path / "run"]):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [".locks"]


def test_where_locks_fail_the_error_says_why_and_what_to_do(tmp_path, monkeypatch):
    def refuse(fd, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with (
        pytest.raises(MindkitError, match=r"run\.lock cannot be locked \(No locks .*--out"),
        locked([tmp_path / "run"]),
    ):
        pass


def test_where_the_kernel_has_no_locks_a_file_is_the_lock_and_it_is_said(tmp_path, monkeypatch):
    def missing(fd, operation):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", missing)
    with pytest.warns(UserWarning, match="flock not supported"), locked([tmp_path / "run"]):
        assert (tmp_path / ".locks" / "run.lock").exists()
    assert not (tmp_path / ".locks" / "run.lock").exists()


def test_finished_runs_can_be_read_where_one_may_not_write(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write anywhere
    with locked([tmp_path / "run"]):
        assert list(tmp_path.iterdir()) == []
