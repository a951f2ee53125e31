"""Several calls at once: answers in their order, errors told, threads that keep nobody."""

import threading

import pytest

from barsweep.data.side_by_side import side_by_side


@pytest.mark.parametrize("threads", [1, 2, 5, 50])
@pytest.mark.parametrize("count", [0, 1, 7])
def test_answers_are_in_the_order_of_the_calls(threads, count):
    assert side_by_side([lambda n=n: n * n for n in range(count)], threads) == [n * n for n in range(count)]


def test_calls_run_at_the_same_time_in_threads_that_may_be_left():
    """Each of two waits for the other."""
    met = threading.Barrier(2, timeout=20)

    def meet():
        met.wait()
        return threading.current_thread()

    threads = side_by_side([meet, meet], 2)
    assert threading.current_thread() in threads
    assert [thread.daemon for thread in threads if thread is not threading.current_thread()] == [True]


@pytest.mark.parametrize("threads", [1, 3])
def test_the_first_error_is_raised_and_the_rest_is_left(threads):
    begun = []

    def call(number):
        begun.append(number)
        if number >= 2:
            raise ValueError(number)

    with pytest.raises(ValueError, match="2"):
        side_by_side([lambda n=n: call(n) for n in range(100)], threads)
    assert len(begun) < 100


def test_where_the_system_has_no_thread_left_one_does_all(monkeypatch):
    def refuse(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert side_by_side([lambda: 1, lambda: 2], 2) == [1, 2]
