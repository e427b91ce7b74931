"""A process that has Scrapy and this project loaded, and forks a child for each command requested by `forked.py`.

Loading them is nine tenths of the cost of a short command. A child has the arguments, environment and streams of
`python -m MODULE …`, reads the settings again, and ends as an interpreter does. It differs in all that is set at
start-up: Python's flags and variables, loaded modules, peak memory, its name in `ps`, and the seed of hashes.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path

PROJECT = Path(__file__).parent.parent
# Modules named in the settings and in Scrapy's defaults; they load their own imports.
LOADED = """
    scrapy.cmdline scrapy.core.downloader.handlers.datauri scrapy.core.downloader.handlers.file
    scrapy.core.downloader.handlers.ftp scrapy.core.downloader.handlers.http11 scrapy.core.downloader.handlers.s3
    scrapy.core.engine scrapy.core.scheduler scrapy.crawler scrapy.dupefilters scrapy.exporters
    scrapy.extensions.closespider scrapy.extensions.corestats scrapy.extensions.feedexport
    scrapy.extensions.logcount scrapy.extensions.logstats scrapy.extensions.memdebug scrapy.extensions.memusage
    scrapy.extensions.spiderstate scrapy.extensions.throttle scrapy.pqueues scrapy.spidermiddlewares.urllength
    scrapy.squeues scrapy.utils.reactor twisted.internet.asyncioreactor twisted.internet.ssl twisted.web.client
    rensa tldextract warcio.archiveiterator alqahira.archive.writer alqahira.crawling.browser.handler
    alqahira.publishing.exporters alqahira.monitoring.logs alqahira.publishing.manifest alqahira.publishing.parts alqahira.publishing.rebuild
    alqahira.replay alqahira.replica.server alqahira.monitoring.report.page alqahira.publishing.schema
    alqahira.ledger.backends.sqlite alqahira.ledger.backends.file_lock alqahira.monitoring.metrics
    alqahira.archive.warc_files
"""
PACKAGES = """
    alqahira.commands alqahira.crawling.discovery alqahira.doctor alqahira.crawling.extensions alqahira.ledger
    alqahira.crawling.middlewares alqahira.monitoring scrapy.commands scrapy.downloadermiddlewares pipelines spiders
"""


class Zygote:
    """Serves requests on `control`, one a message, until its other end is closed; then kills all children."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._children: dict[int, int] = {}  # process id to the pipe for its exit status
        self._wakes, self._woken = os.pipe()
        for end in (self._wakes, self._woken):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._woken)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests, which end this process

    def serve(self) -> dict | None:
        """None at the end; in a child, its request."""
        while True:
            readable, _, _ = select.select([self._control, self._wakes], [], [])
            if self._wakes in readable:
                with suppress(BlockingIOError):
                    os.read(self._wakes, 65536)
                self._reap()
            if self._control in readable:
                message, fds, _, _ = socket.recv_fds(self._control, 1 << 20, 4)
                if not message:
                    break
                request = json.loads(message)
                if self._fork(*fds):
                    return request
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)
        return None

    def _fork(self, stdin: int, stdout: int, stderr: int, status: int) -> bool:
        """Whether this is the child."""
        pid = os.fork()
        if pid:
            self._children[pid] = status
            send_number(status, pid)
            for stream in (stdin, stdout, stderr):
                os.close(stream)
            return False
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._control.detach()  # its number is 0: the next line closes it
        for number, stream in enumerate((stdin, stdout, stderr)):
            os.dup2(stream, number)
        for other in (stdin, stdout, stderr, status, self._wakes, self._woken, *self._children.values()):
            os.close(other)
        return True

    def _reap(self) -> None:
        while self._children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            pipe = self._children.pop(pid)
            send_number(pipe, os.waitstatus_to_exitcode(status))
            os.close(pipe)


def send_number(pipe: int, number: int) -> None:
    with suppress(BrokenPipeError):  # the reader is gone
        os.write(pipe, b"%d\n" % number)


def load() -> None:
    """Import all that children share, but no reactor and no thread: neither survives a fork."""
    for name in LOADED.split():
        importlib.import_module(name)
    for package in PACKAGES.split():
        for folder in importlib.import_module(package).__path__:
            for path in sorted(Path(folder).glob("[a-z]*.py")):
                importlib.import_module(f"{package}.{path.stem}")
    importlib.import_module("alqahira.text.lexicon").lexicon()
    assert "twisted.internet.reactor" not in sys.modules
    assert threading.active_count() == 1
    # Frozen objects are never collected, so their pages are never copied.
    gc.collect()
    gc.freeze()


def become(request: dict) -> None:
    """Do what `python -m MODULE` or `python SCRIPT.py` does after the start of the interpreter."""
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(PROJECT)
    sys.stdout.reconfigure(line_buffering=os.isatty(1))
    importlib.reload(alqahira.settings)  # they depend on the environment
    program = request["program"]
    sys.argv = [program, *request["arguments"]]
    if program.endswith(".py"):
        sys.path[0] = str(Path(program).parent)
        runpy.run_path(program, run_name="__main__")
    else:
        runpy.run_module(program, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    sys.path[0] = str(PROJECT)
    load()
    import alqahira.settings

    if (request := Zygote(socket.socket(fileno=0)).serve()) is not None:
        become(request)
