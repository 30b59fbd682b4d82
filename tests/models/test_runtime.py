"""Native code is given up after a while, in threads that are used again."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_all_start_methods, get_context

import pytest

from intona.errors import ModelError
from intona.models.runtime import within


def here() -> int:
    return threading.get_ident()


def test_one_thread_does_what_comes_after_another() -> None:
    found = {within(5.0, here, "x") for _ in range(3)}
    assert len(found) == 1
    assert here() not in found


def test_what_fails_is_raised_and_the_next_is_done() -> None:
    def fail() -> None:
        raise ZeroDivisionError("mine")

    for _ in range(2):
        with pytest.raises(ZeroDivisionError, match="mine"):
            within(5.0, fail, "x")
        assert within(5.0, lambda: 7, "x") == 7


def test_what_takes_too_long_is_given_up_and_its_late_answer_is_nobodys() -> None:
    go = threading.Event()
    with pytest.raises(ModelError, match="slow: its graph was given up after 0 s"):
        within(0.05, lambda: go.wait(10) and "late", "slow")
    assert within(5.0, lambda: "mine", "x") == "mine"
    go.set()
    assert [within(5.0, lambda k=k: k, "x") for k in range(20)] == list(range(20))


def test_callers_side_by_side_do_not_wait_for_each_other() -> None:
    together = threading.Barrier(3)
    with ThreadPoolExecutor(3) as callers:
        waits = [callers.submit(within, 10.0, lambda: together.wait(5), "x") for _ in range(3)]
        assert sorted(wait.result() for wait in waits) == [0, 1, 2]


def in_a_child(said: object) -> None:
    said.put(within(5.0, lambda: 3, "x"))  # type: ignore[attr-defined]


@pytest.mark.skipif("fork" not in get_all_start_methods(), reason="Windows does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own() -> None:
    within(5.0, here, "x")
    fork = get_context("fork")
    said = fork.SimpleQueue()
    child = fork.Process(target=in_a_child, args=(said,))
    child.start()
    child.join(20)
    assert child.exitcode == 0
    assert said.get() == 3
