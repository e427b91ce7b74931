"""The benchmarks' own stopwatch loses no child, whenever that ends."""

import os
import signal
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))

import measure


def python(code):
    return measure.Command(["-c", code])


def ended(child):
    """Wait until it has ended, without asking what it used: nobody is told that twice."""
    os.waitid(os.P_PID, child._process.pid, os.WEXITED | os.WNOWAIT)


def test_a_child_that_ends_between_a_look_and_the_next_signal_is_not_lost(monkeypatch):
    child = measure._Child(python("print(sum(range(1000)))"))
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(child, "_look", lambda: ended(child))  # too early to see it, and so it is told to stop
        child.go_on(0.001)
    assert child._process.returncode is None, "nobody has waited for it"
    child.go_on(None)
    assert child.used.output == "499500\n"
    assert child.used.cpu > 0
    child.end()


def test_children_take_turns_and_each_is_told_apart():
    first, second = measure.in_turns(python("print('one')"), python("print('two', sum(range(10**6)))"))
    assert (first.output, second.output) == ("one\n", "two 499999500000\n")
    assert second.cpu > 0


def test_a_failing_child_is_reported_with_its_output():
    with pytest.raises(RuntimeError, match=r"(?s)ended with 3.*so it goes"):
        measure.run(python("import sys; print('so it goes'); sys.exit(3)"))


def test_no_child_outlives_its_measurement():
    child = measure._Child(python("import time; time.sleep(600)"))
    child.end()
    with pytest.raises(ProcessLookupError):
        os.kill(child._process.pid, signal.SIGCONT)
