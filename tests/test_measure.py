"""The benchmarks' measurement of child processes."""

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
    """Wait for its end without collecting its usage, which the kernel reports only once."""
    os.waitid(os.P_PID, child._process.pid, os.WEXITED | os.WNOWAIT)


def test_child_ending_between_look_and_signal_is_measured(monkeypatch):
    child = measure._Child(python("print(sum(range(1000)))"))
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(child, "_look", lambda: ended(child))  # it ends unnoticed, so it gets SIGSTOP
        child.go_on(0.001)
    assert child._process.returncode is None, "nobody has waited for it"
    child.go_on(None)
    assert child.used.output == "499500\n"
    assert child.used.cpu > 0
    child.end()


def test_children_in_turns_are_measured_separately():
    first, second = measure.in_turns(python("print('one')"), python("print('two', sum(range(10**6)))"))
    assert (first.output, second.output) == ("one\n", "two 499999500000\n")
    assert second.cpu > 0


def test_child_runs_the_checkout_with_bytecode(monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    monkeypatch.setenv("ALQAHIRA_OUTPUT_DIR", "/nowhere")
    code = "import os, sys, alqahira; print(alqahira.__file__, sys.dont_write_bytecode, 'ALQAHIRA_OUTPUT_DIR' in os.environ)"
    used = measure.run(measure.Command(["-c", code], cwd=Path("/")))
    assert used.output.split() == [str(measure.ROOT / "alqahira" / "__init__.py"), "False", "False"]


def test_lost_round_ends_no_series(capsys):
    def once(number):
        if number == 1:
            raise RuntimeError("killed")
        return number

    assert measure.turns(3, once) == [0, 2]
    assert capsys.readouterr().err == "round 2 is lost: killed\n"


def test_series_without_any_round_raises():
    with pytest.raises(RuntimeError, match="so it goes"):
        measure.turns(2, lambda _: measure.run(python("import sys; print('so it goes'); sys.exit(3)")))


def test_failing_child_raises_with_its_output():
    with pytest.raises(RuntimeError, match=r"(?s)ended with 3.*so it goes"):
        measure.run(python("import sys; print('so it goes'); sys.exit(3)"))


def test_child_is_killed_at_the_end():
    child = measure._Child(python("import time; time.sleep(600)"))
    child.end()
    with pytest.raises(ProcessLookupError):
        os.kill(child._process.pid, signal.SIGCONT)
