"""Turning stderr away is undone, also when threads do it at once."""

from __future__ import annotations

import os
import threading

from photo2moe.ops.quiet import quiet


def test_what_is_written_inside_is_lost_and_outside_is_not(capfd):
    with quiet():
        os.write(2, b"inside")
    os.write(2, b"outside")
    assert capfd.readouterr().err == "outside"


def test_threads_that_overlap_give_stderr_back(capfd):
    first_in, second_in, first_out = threading.Event(), threading.Event(), threading.Event()

    def first():
        with quiet():
            first_in.set()
            second_in.wait(10)
        first_out.set()

    def second():
        first_in.wait(10)
        with quiet():
            second_in.set()
            first_out.wait(10)
            os.write(2, b"still away")

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.write(2, b"back")
    assert capfd.readouterr().err == "back"
