"""What the page says, in order: figures become sentences, plots and tables. Pure; words only, no HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from alqahira.ledger.decisions import Outcome
from alqahira.monitoring.report import words
from alqahira.monitoring.report.charts import Plot
from alqahira.monitoring.report.figures import (
    FIELDS,
    NO_TOPIC,
    NOWHERE,
    SEVERAL,
    Corpus,
    Figures,
    Headline,
    RecordedRun,
    field_sources,
    most_frequent,
)
from alqahira.text.dates import cairo_day
from alqahira.text.lexicon import TOPICS

DAYS_SHOWN = 30
MONTHS_SHOWN = 24
TERMS_SHOWN = 15
AGENCIES_SHOWN = 12
SOURCES_SHOWN = 8  # the others together are a ninth

_TOPIC_ORDER = (*TOPICS, SEVERAL, NO_TOPIC)
_GREY = 7
_COLORS = (0, 1, 2, 3, 4, 5, 6, 8, 9)
# Always there, or counted in a section of their own.
_ALWAYS = frozenset(
    {
        *("schema_version", "article_id", "revision", "url", "in_language", "word_count", "content_hash", "layout"),
        *("date_first_seen", "date_crawled", "run_id", "topics", "duplicate_of", "date_published_source"),
    }
)
_OUTCOME_COLORS = {
    Outcome.ACCEPTED: 0,
    Outcome.UNCHANGED: _GREY,
    Outcome.DUPLICATE: 4,
    Outcome.OFF_TOPIC: 5,
    Outcome.NOT_ARTICLE: 9,
    Outcome.FAILED: 6,
}


class Code(str):
    """Text that is read from the left wherever it stands: an identifier, a code, a run's name."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; the first cell of each names it."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Chart:
    """A plot with its title, what it shows in a sentence, and all its figures as a table."""

    title: str
    plot: Plot
    summary: str
    table: Table


@dataclass(frozen=True, slots=True)
class Fact:
    """One number with its name, and what may be added in small print."""

    name: str
    value: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the page."""

    key: str
    title: str
    note: str = ""
    facts: Sequence[Fact] = ()
    charts: Sequence[Chart] = ()
    stories: Sequence[tuple[Headline, str]] = ()
    runs: Sequence[RecordedRun] = ()


def cards(figures: Figures) -> list[Fact]:
    """The numbers on top of the page."""
    corpus = figures.corpus
    today = cairo_day(figures.now)
    median = corpus.delay_quantile(0.5)
    last = figures.runs[0] if figures.runs else None
    return [
        Fact("المواد المنشورة", words.number(corpus.articles), f"{words.number(corpus.words)} كلمة"),
        *(_topic_card(corpus, topic) for topic in TOPICS),
        Fact("مواد اليوم", words.number(corpus.by_day.get(today, Counter()).total()), words.short_day(today)),
        Fact("وسيط زمن الرصد", words.span(median) if median is not None else "–", "من النشر إلى أول رصد"),
        Fact("مكررة أُسقطت", words.number(figures.dropped), "لا تُنشر مرة أخرى"),
        Fact("صفحات في الانتظار", words.number(figures.pages["pending"]), "للجولة المقبلة"),
        Fact("آخر جولة", run_state(last) if last else "–", words.moment(last.started) if last else ""),
    ]


def _topic_card(corpus: Corpus, topic: str) -> Fact:
    count = corpus.on_topic[topic]
    return Fact(words.TOPICS[topic], words.number(count), f"{words.share(count, corpus.articles)} من المواد")


def sections(figures: Figures) -> list[Section]:
    """All sections of a report that has something to tell, in their order."""
    made = (_days, _freshness, _duplicates, _coverage, _agencies, _terms, _runs, _latest)
    return [make(figures) for make in made]


def run_state(run: RecordedRun) -> str:
    """How a run ended, in words."""
    if run.ended is None:
        return words.NOT_ENDED
    if not run.exit_status and not run.complete:
        return words.STOPPED
    return words.EXIT_STATUSES.get(run.exit_status or 0, f"انتهت بالرمز {run.exit_status}")


# --- articles -----------------------------------------------------------------------------------


def _days(figures: Figures) -> Section:
    corpus = figures.corpus
    days = corpus.days(DAYS_SHOWN, cairo_day(figures.now))
    first, last = words.day(days[0][0]), words.day(days[-1][0])
    busiest = max(days, key=lambda item: item[1].total())
    charts = [
        _stacked(
            f"آخر {DAYS_SHOWN} يومًا",
            [(words.short_day(day), topics) for day, topics in days],
            f"المواد في كل يوم من {first} إلى {last}. "
            f"أكثرها {words.day(busiest[0])}: {words.number(busiest[1].total())}.",
            "اليوم",
        )
    ]
    months = corpus.months()
    if len(months) > 1:
        shown = [(words.month(*month), topics) for month, topics in months[-MONTHS_SHOWN:]]
        summary = f"المواد في كل شهر من {shown[0][0]} إلى {shown[-1][0]}، والأشهر الخالية لا تظهر."
        charts.append(_stacked("بحسب الشهر", shown, summary, "الشهر"))
    facts = [Fact("بلا وقت نشر معروف", words.number(corpus.undated))] if corpus.undated else []
    return Section(
        "days",
        "المواد بحسب اليوم والموضوع",
        "الأيام بتوقيت القاهرة، والزمن من اليمين إلى اليسار. "
        "المادة التي تمس أكثر من موضوع تُعد مرة واحدة، في خانة وحدها.",
        facts,
        charts,
    )


def _stacked(title: str, rows: Sequence[tuple[str, Counter[str]]], summary: str, unit: str) -> Chart:
    """Columns of articles by topic."""
    groups = [t for t in _TOPIC_ORDER if t != NO_TOPIC or any(topics[NO_TOPIC] for _, topics in rows)]
    plot = Plot(
        "columns",
        [label for label, _ in rows],
        [(words.TOPICS[group], [topics[group] for _, topics in rows]) for group in groups],
        colors=[_GREY if group == NO_TOPIC else _COLORS[n] for n, group in enumerate(groups)],
    )
    table = Table(
        [unit, *(words.TOPICS[group] for group in groups), "المجموع"],
        [[label, *(words.number(c[g]) for g in groups), words.number(c.total())] for label, c in reversed(rows)],
    )
    return Chart(title, plot, summary, table)


def _freshness(figures: Figures) -> Section:
    corpus = figures.corpus
    fresh, before = corpus.delays(fresh=True), corpus.delays(fresh=False)
    series = [("نُشرت بعد بدء الرصد", fresh, 0), ("نُشرت قبل بدء الرصد", before, _GREY)]
    shown = [(name, values, color) for name, values, color in series if any(values)]
    median, most = corpus.delay_quantile(0.5), corpus.delay_quantile(0.9)
    facts = [
        Fact("نصف المواد رُصد خلال", words.span(median) if median is not None else "–"),
        Fact("تسعة أعشارها خلال", words.span(most) if most is not None else "–"),
        Fact("وقت نشر بعد الرصد", words.number(corpus.early)),
        Fact("بلا وقت نشر", words.number(corpus.undated)),
    ]
    plot = Plot("bars", words.DELAYS, [(n, v) for n, v, _ in shown], colors=[c for _, _, c in shown])
    table = Table(
        ["المدة", *(name for name, _, _ in series)],
        [
            [label, words.number(new), words.number(old)]
            for label, new, old in zip(words.DELAYS, fresh, before, strict=True)
        ],
    )
    summary = f"المواد بحسب المدة من نشرها إلى أول رصد: {words.number(sum(fresh))} نُشرت بعد بدء الرصد."
    return Section(
        "freshness",
        "سرعة الرصد",
        "المدة من وقت النشر إلى أول مرة رأت فيها جولة المادة. ما نُشر قبل الجولة الأولى لم يكن رصده طازجًا ممكنًا، "
        "فهو خارج الوسيط.",
        facts,
        [Chart("من النشر إلى الرصد", plot, summary, table)],
    )


def _duplicates(figures: Figures) -> Section:
    corpus, revisions = figures.corpus, figures.revisions
    revised = sum(articles for revision, articles in revisions.items() if revision > 1)
    rows = [
        ("منشورة بنسخة واحدة", revisions[1]),
        ("منشورة بأكثر من نسخة", revised),
        ("مكررة أُسقطت", figures.dropped),
        ("مكررة نُشرت بعلامة", corpus.marked),
    ]
    facts = [
        Fact("أسطر نُشرت", words.number(figures.lines), "كل نسخة سطر"),
        Fact("تنتظر الكتابة", words.number(figures.waiting)),
        Fact("حجم الأجزاء", words.size(figures.part_bytes)),
        Fact("أعلى رقم نسخة", words.number(max(revisions, default=0))),
    ]
    return Section(
        "duplicates",
        "التكرار والتحديث",
        "المكررة خبر سبق نشره بنص قريب، والنسخة الجديدة تغيير مؤثر في العنوان أو النص. "
        "المكررة المعلَّمة معدودة بين المنشورة أيضًا.",
        facts,
        [_bars("المواد بحسب نسخها وتكرارها", rows, "الحال", "المواد المنشورة والمحدّثة والمكررة.")],
        [(headline, f"تكرر: {words.number(times)}") for headline, times in figures.repeated],
    )


# --- records ------------------------------------------------------------------------------------


def _coverage(figures: Figures) -> Section:
    corpus = figures.corpus
    names = [name for name in FIELDS if name not in _ALWAYS]
    filled = sorted(names, key=lambda name: -corpus.filled[name])
    shares = [100 * corpus.filled[name] / max(1, corpus.articles) for name in filled]
    charts = [
        Chart(
            "الحقول الممتلئة في المواد المنشورة",
            Plot("bars", filled, [("", shares)], percent=True),
            "نسبة المواد التي يمتلئ فيها كل حقل.",
            Table(
                ["الحقل", "معناه", "مواد", "النسبة"],
                [
                    [
                        Code(name),
                        words.FIELDS.get(name, "–"),
                        words.number(corpus.filled[name]),
                        words.share(corpus.filled[name], corpus.articles),
                    ]
                    for name in FIELDS
                ],
            ),
        )
    ]
    published = {"date_published": corpus.date_sources, "article_body": corpus.layouts}
    charts += _sources("مصدر وقت النشر والنص في المواد المنشورة", published)
    charts += _sources("مصدر كل حقل في الجولات الأخيرة", field_sources(figures.runs))
    return Section(
        "coverage",
        "اكتمال الحقول ومصادرها",
        "من أين قُرئ كل حقل. إذا هجر حقل مصدره المعتاد فقد تغيّر قالب الموقع، والأمر scrapy doctor يبيّن السبب.",
        (),
        charts,
    )


def _sources(title: str, fields: Mapping[str, Mapping[str, int]]) -> Iterator[Chart]:
    """Shares of the sources of each field; no chart where nothing was counted."""
    counted: Counter[str] = Counter()
    for counts in fields.values():
        counted.update(counts)
    if not counted.total():
        return
    # Sources that are few stand together; a field that is nowhere is grey.
    ordered = [source for source, _ in most_frequent(counted, len(counted)) if source != NOWHERE]
    shown, others = ordered[:SOURCES_SHOWN], ordered[SOURCES_SHOWN:]
    groups = [(words.SOURCES.get(source, source), [source]) for source in shown]
    groups += [("مصادر أخرى", others)] if others else []
    groups.append((words.SOURCES[NOWHERE], [NOWHERE]))
    names = sorted(fields)
    rows = [[sum(fields[name].get(source, 0) for source in group) for _, group in groups] for name in names]
    totals = [sum(row) for row in rows]
    plot = Plot(
        "bars",
        names,
        [
            (label, [100 * row[n] / max(1, total) for row, total in zip(rows, totals, strict=True)])
            for n, (label, _) in enumerate(groups)
        ],
        percent=True,
        colors=[*_COLORS[: len(groups) - 1], _GREY],
    )
    table = Table(
        ["الحقل", *(label for label, _ in groups), "المجموع"],
        [
            [Code(name), *map(words.number, row), words.number(total)]
            for name, row, total in zip(names, rows, totals, strict=True)
        ],
    )
    yield Chart(title, plot, "نسبة كل مصدر من القيم المقروءة في كل حقل.", table)


def _agencies(figures: Figures) -> Section:
    corpus = figures.corpus
    rows = most_frequent(corpus.agencies, AGENCIES_SHOWN)
    named = [(words.agency(code), number) for code, number in rows]
    table = Table(["الوكالة", "الرمز", "المواد"], [[words.agency(c), Code(c), words.number(n)] for c, n in rows])
    summary = "عدد المواد التي يسمي سطر مصدرها كل وكالة."
    chart = Chart("المواد بحسب الوكالة", _single(named), summary, table)
    facts = [
        Fact(
            "مواد تسمي وكالة",
            words.number(corpus.with_agency),
            f"{words.share(corpus.with_agency, corpus.articles)} من المواد",
        ),
        Fact("وكالات مختلفة", words.number(len(corpus.agencies))),
    ]
    note = "كما يسميها سطر المصدر، والمادة التي تسمي وكالتين تُعد لكل منهما."
    return Section("agencies", "الوكالات", note, facts, [chart] if rows else [])


def _terms(figures: Figures) -> Section:
    corpus = figures.corpus
    counted = [
        ("عبارات حسمت الموضوع", corpus.terms, "العبارات التي قررت أن المادة دفاع أو شؤون خارجية."),
        ("كلمات الموقع المفتاحية", corpus.keywords, "الوسوم التي وضعها الموقع للمواد."),
    ]
    shown = [(title, most_frequent(found, TERMS_SHOWN), summary) for title, found, summary in counted if found]
    charts = [_bars(title, rows, "العبارة", summary) for title, rows, summary in shown]
    return Section("terms", "أكثر العبارات ورودًا", "كل مادة تُعد للعبارة مرة واحدة.", (), charts)


def _bars(title: str, rows: Sequence[tuple[str, int]], unit: str, summary: str) -> Chart:
    """Lying bars, one a row, with a table of the same."""
    table = Table([unit, "المواد"], [[label, words.number(count)] for label, count in rows])
    return Chart(title, _single(rows), summary, table)


def _single(rows: Sequence[tuple[str, int]]) -> Plot:
    return Plot("bars", [label for label, _ in rows], [("", [count for _, count in rows])])


# --- runs and headlines -------------------------------------------------------------------------


def _runs(figures: Figures) -> Section:
    runs = figures.runs
    ended = [run for run in reversed(runs) if run.ended is not None]
    plot = Plot(
        "columns",
        [words.short_moment(run.started) for run in ended],
        [(words.OUTCOMES[outcome], [run.count(outcome) for run in ended]) for outcome in _OUTCOME_COLORS],
        colors=list(_OUTCOME_COLORS.values()),
    )
    table = Table(
        ["الجولة", *(words.OUTCOMES[outcome] for outcome in _OUTCOME_COLORS), "المجموع"],
        [
            [Code(run.run_id), *(words.number(run.count(o)) for o in _OUTCOME_COLORS), words.number(run.discovered)]
            for run in reversed(ended)
        ],
    )
    summary = "مصير المواد التي تناولتها كل جولة، والأقدم على اليمين."
    bad = sum(1 for run in ended if run.exit_status)
    facts = [
        Fact("كل الجولات", words.number(figures.run_total)),
        Fact("المعروضة هنا", words.number(len(runs))),
        Fact("انتهت بخلل منها", words.number(bad)),
        Fact("جارية أو انقطعت", words.number(len(runs) - len(ended))),
    ]
    note = "كل مادة تناولتها الجولة لها مصير واحد وسبب، ومجموع المصائر هو كل ما تناولته."
    charts = [Chart("مصير المواد في كل جولة", plot, summary, table)] if ended else []
    return Section("runs", "الجولات وحساباتها", note, facts, charts, runs=runs)


def _latest(figures: Figures) -> Section:
    stories = [(headline, "") for headline in figures.latest]
    return Section("latest", "أحدث العناوين", "الأحدث نشرًا أولًا.", stories=stories)
