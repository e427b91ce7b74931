"""A random life of the site, the machine and the crawler; one seed gives one history.

`python tests/simulator/history.py SEED` tells a history, and shortens one that breaks an invariant.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import urlsplit

from invariants import Corpus, wrong_account, wrong_corpus, wrong_run
from simulated_crawl import SPIDERS, Crawl, crawl, engine_in_memory
from simulated_machine import PLACES, Machine, Place, running_on
from simulated_site import ANSWERS, Site

from alqahira.ledger.frontier import CLOCK_TOLERANCE, MAX_UNFINISHED

RUNS = 9
# Hours before each run at the end, while all is well: after a day, a week, and the longest pause between two visits.
WELL = (26, 8 * 24, 100 * 24)
LONGEST_RUN = 6 * 3600.0  # seconds
# What happens in histories, and how often.
EVENTS = {
    "publish": 20,
    "publish broken": 4,
    "burst": 3,
    "edit": 16,
    "revert": 6,
    "remove": 4,
    "return": 5,
    "unlist": 4,
    "move": 4,
    "validators": 4,
    "fault": 14,
    "mend": 8,
    "poison": 2,
    "away": 5,
    "back": 8,
    "robots": 3,
    "listing": 4,
    "pin": 2,
    "clock": 5,
    "dates": 2,
}


class Step(NamedTuple):
    """One event. `number` chooses a story, a time or a place; `value` says what becomes of it."""

    kind: str
    number: int = 0
    value: str = ""

    def __str__(self) -> str:
        return " ".join(map(str, filter(None, (self.kind, str(self.number), self.value))))


class Run(NamedTuple):
    """A run after a pause of some hours, which may die at a place or find the disk full from a place on."""

    spider: str
    hours: int
    kill_at: Place | None = None
    full_at: Place | None = None
    argument: str = ""

    def __str__(self) -> str:
        fates = (
            f"killed at {self.kill_at}" if self.kill_at else "",
            f"disk full at {self.full_at}" if self.full_at else "",
        )
        return f"{self.hours} h later, crawl {self.spider} {self.argument} {' '.join(fates)}".rstrip()


class History(NamedTuple):
    """A site to begin with, and what happens to it."""

    page_size: int
    has_sitemap: bool
    crawl_delay: int
    stories: int
    steps: tuple[Step | Run, ...]


def history_of(seed: int, favour: Mapping[str, Sequence[str]] = MappingProxyType({})) -> History:
    """The history of a seed. `favour`: the most frequent events, each with the values that it takes (none: any).

    Each has favourite events and stories, since many faults show only where the same happens again and again.
    """
    random = Random(seed)
    page_size = random.choice((40, 40, 4))
    weights = [60 if kind in favour else weight * random.choice((0, 1, 1, 5)) for kind, weight in EVENTS.items()]
    favourites = [random.randrange(1000) for _ in range(2)]
    steps: list[Step | Run] = []
    for _ in range(RUNS):
        for kind in random.choices([*EVENTS], weights, k=random.randrange(5)) if any(weights) else ():
            number = random.choice((*favourites, *favourites, random.randrange(1000)))
            # Of a listing of several pages the end is found by what is known on its pages.
            if not (page_size < 40 and kind in ("listing", "pin", "return")):
                steps.append(Step(kind, number, random.choice(favour.get(kind) or (_value(kind, random),))))
        kill_at = _place(random) if random.random() < 0.3 else None
        full_at = _place(random) if random.random() < 0.1 else None
        argument = random.choices(("", "max_articles=2", "since"), (8, 1, 1))[0]
        hours = random.choice((1, 3, 6, 12, 14, 26, 30, 50, 80))
        steps.append(Run(random.choice([*SPIDERS]), hours, kill_at, full_at, argument))
    return History(page_size, random.random() < 0.5, random.choice((0, 0, 2)), random.randrange(2, 7), tuple(steps))


def _place(random: Random) -> Place:
    kind = random.choice([*PLACES])
    return Place(kind, random.randint(1, PLACES[kind]))


def _value(kind: str, random: Random) -> str:
    match kind:
        case "fault" | "away" | "publish broken":
            return random.choice(ANSWERS)
        case "robots":
            return random.choice(("200", "404", "503", "timeout", "disallow"))
        case "listing":
            return random.choice(("whole", "shuffled", "cut", "empty"))
        case "validators":
            return random.choice(("etag", "modified", "both", "none"))
        case "dates":
            return random.choice(("none", "all"))
        case "clock":
            return str(random.choice((0, 0, 1, 10, 400, -1, -30)))
    return ""


# Such a run reads first pages only: what lies between those and what the other section knows is on deeper pages.
FIRST_RUN_OF_A_SECTION = History(
    page_size=4,
    has_sitemap=False,
    crawl_delay=0,
    stories=3,
    steps=(Run("defense", 1), Run("defense", 1), *[Step("burst", 3)] * 4, Run("foreign_affairs", 1), Run("defense", 1)),
)

# The notice has the ETag of another answer, and no listing names the page again.
NOTICE_CONFIRMED_BY_304 = History(
    page_size=4,
    has_sitemap=False,
    crawl_delay=0,
    stories=3,
    steps=(
        *(Step("fault", 2, "maintenance"), Run("foreign_affairs", 14)),
        *(Step("unlist", 2), Step("fault", 2, "304"), Run("foreign_affairs", 14, argument="since")),
    ),
)


def play(history: History, folder: Path, tell: Callable[[str], None] = lambda line: None) -> list[str]:
    """What is wrong with a history: a line for each broken invariant; empty if none is. `folder` must be new."""
    machine, corpus = Machine(folder), Corpus(folder)
    site = Site(machine.true_time, history.page_size, history.has_sitemap, history.crawl_delay)
    for n in range(history.stories):
        site.publish(is_on_topic=n % 4 != 3, age=timedelta(hours=20 * n))
    complete_since = None
    with running_on(machine), engine_in_memory(site, machine):
        for step in _with_well_end(history.steps):
            if step is None:
                site.heal()
                machine.skew = timedelta(0)
                tell("all is well from here on")
                continue
            if isinstance(step, Step):
                tell(f"{machine.true_time():%d %b %H:%M} {step}")
                _happen(site, machine, step)
                continue
            machine.seconds += step.hours * 3600
            seconds, begun, schedules = machine.seconds, machine.true_time(), corpus.schedules()
            ended = _run(machine, site, step)
            tell(f"{begun:%d %b %H:%M} {step}: {_words(ended)}")
            wrong = [*_wrong_after(ended, step, site, corpus, machine)]
            if abs(machine.skew) > CLOCK_TOLERANCE and site.has_dates:
                wrong += corpus.wrong_schedules(schedules)
            if machine.seconds - seconds > LONGEST_RUN:
                wrong.append("the run did not come to an end")
            if wrong:
                return wrong
            if complete_since is None and corpus.ledger.rows("SELECT * FROM runs WHERE complete > 0"):
                complete_since = begun
        return [*wrong_account(corpus.ledger), *wrong_corpus(corpus, site, complete_since=complete_since)]


def _with_well_end(steps: tuple[Step | Run, ...]) -> Iterator[Step | Run | None]:
    yield from steps
    yield None
    for n, hours in enumerate(WELL):
        yield Run([*SPIDERS][n % 2], hours)


def _run(machine: Machine, site: Site, run: Run) -> Crawl:
    machine.start_process(kill_at=run.kill_at, full_at=run.full_at)
    arguments = dict([run.argument.split("=")]) if "=" in run.argument else {}
    if run.argument == "since":
        arguments = {"since": str((machine.true_time() + machine.skew).date() - timedelta(days=3))}
    return crawl(machine, run.spider, arguments)


def _happen(site: Site, machine: Machine, step: Step) -> None:
    """Change the site or the machine."""
    story, random, now = site.story(step.number), Random(step.number), site.now()
    match step.kind:
        case "publish":
            site.publish(is_on_topic=len(site.stories) % 5 != 4, age=timedelta(minutes=step.number % 60))
        case "publish broken":
            site.publish().fault = step.value
        case "burst":
            for n in range(4 + step.number % 4):
                site.publish(age=timedelta(minutes=n))
        case "edit":
            story.show(max(story.shown) + 1, now)
        case "revert":
            story.show(random.choice(story.shown), now)
        case "remove":
            story.is_up = False
        case "return":
            story.is_up = True
        case "unlist":
            story.is_listed = False
        case "move":
            site.move(story)
        case "validators":
            story.validators = step.value
        case "fault":
            story.fault = step.value
        case "mend":
            story.fault = ""
        case "poison":
            story.is_poison = True
        case "away":
            site.set_answer(step.value)
        case "back":
            site.set_answer("")
        case "robots":
            site.robots = step.value
        case "listing":
            site.listing = step.value
        case "pin":
            site.pinned = step.number
        case "dates":
            site.has_dates = step.value == "all"
        case "clock":
            machine.skew = timedelta(days=float(step.value))


def _wrong_after(ended: Crawl, run: Run, site: Site, corpus: Corpus, machine: Machine) -> Iterator[str]:
    """What is wrong right after a run."""
    yield from wrong_run(ended, site)
    yield from _wrong_deaths(ended, run, site)
    is_wrong_clock = abs(machine.skew) > CLOCK_TOLERANCE and site.has_dates
    if is_wrong_clock and ended.exit_status == 0 and any(each.answer == "200" for each in ended.requests):
        yield f"a clock that is wrong by {machine.skew} is not reported"
    yield from corpus.changed_parts()
    if ended.outcome == "refused" and run.full_at is None:
        yield f"refused: {ended.message}"
    if ended.outcome == "finished" and run.full_at is None:
        yield from corpus.wrong_manifest()
        if not corpus.ledger.rows("SELECT * FROM runs WHERE ended IS NOT NULL"):
            yield "the ledger knows of no run that ended"


def _wrong_deaths(ended: Crawl, run: Run, site: Site) -> Iterator[str]:
    """A page that kills its reader in three runs in a row is not read again, unless `since` asks for it."""
    last = urlsplit(ended.read[-1]).path if ended.outcome == "killed" and ended.read else ""
    asked = {urlsplit(each.url).path for each in ended.requests}
    for story in site.stories:
        if story.is_poison and story.path == last:
            story.deaths += 1
            if story.deaths > MAX_UNFINISHED and run.argument != "since":
                yield f"{story.number} has killed {story.deaths} runs"
        elif story.path in asked:
            story.deaths = 0


def _words(ended: Crawl) -> str:
    answers = " ".join(f"{each.url.rpartition('.net/')[2][:24]}={each.answer}" for each in ended.requests)
    status = "" if ended.exit_status is None else f" with status {ended.exit_status}"
    return f"{ended.outcome}{status} {ended.message}\n    {answers}"


# --- a failing history --------------------------------------------------------------------------


def in_new_folder(history: History, tell: Callable[[str], None] = lambda line: None) -> list[str]:
    """`play` in a folder of its own. The same path serves all histories of a process, and so does its engine."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    where = Path(memory or tempfile.gettempdir()) / f"alqahira-history-{os.getpid()}"
    shutil.rmtree(where, ignore_errors=True)
    try:
        return play(history, where, tell)
    finally:
        shutil.rmtree(where, ignore_errors=True)


def shortened(history: History) -> History:
    """The history without all steps that it need not have to break the same kind of invariant."""
    kind = _kind(in_new_folder(history))
    steps, size = [*history.steps], max(1, len(history.steps) // 2)
    while size:
        start = 0
        while start < len(steps):
            fewer = steps[:start] + steps[start + size :]
            if _kind(in_new_folder(history._replace(steps=tuple(fewer)))) == kind:
                steps = fewer
            else:
                start += size
        size //= 2
    return history._replace(steps=tuple(steps))


def _kind(wrong: list[str]) -> str:
    """The first broken invariant without its numbers."""
    return "".join(letter for letter in wrong[0].partition("(")[0] if not letter.isdigit())[:20] if wrong else ""


def story_of(seed: int) -> str:
    """The shortened history of a failing seed, line by line, with what is wrong at its end."""
    lines: list[str] = []
    history = shortened(history_of(seed))
    lines.append(f"seed {seed}: {history._replace(steps=())}")
    wrong = in_new_folder(history, lines.append)
    return "\n".join([*lines, *wrong])


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print(story_of(int(argument)))
