"""What the report's plots show: figures become labels, series and a sentence for each. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

from alqahira.ledger.decisions import Outcome
from alqahira.monitoring.report import words
from alqahira.monitoring.report.charts import Plot, Series
from alqahira.monitoring.report.figures import (
    FIELDS,
    NO_TOPIC,
    NOWHERE,
    SEVERAL,
    Figures,
    field_sources,
    monday,
    most_frequent,
)
from alqahira.text.dates import cairo_day
from alqahira.text.lexicon import TOPICS

DAYS_SHOWN = 30
WEEKS_SHOWN = 12
MONTHS_SHOWN = 24
STATES_SHOWN = 6
TERMS_SHOWN = 15
AGENCIES_SHOWN = 12
SOURCES_SHOWN = 8  # the others together are a ninth

ARTICLES = "المواد"
_GREY = 7
_COLORS = (0, 1, 2, 3, 4, 5, 6, 8, 9)
_TOPIC_COLORS = dict(zip((*TOPICS, SEVERAL), _COLORS, strict=False)) | {NO_TOPIC: _GREY}
_OUTCOME_COLORS = {
    Outcome.ACCEPTED: 0,
    Outcome.UNCHANGED: _GREY,
    Outcome.DUPLICATE: 4,
    Outcome.OFF_TOPIC: 5,
    Outcome.NOT_ARTICLE: 9,
    Outcome.QUARANTINED: 8,
    Outcome.FAILED: 6,
}
# Fields that every record has.
_ALWAYS_FILLED = frozenset(
    {
        *("schema_version", "article_id", "revision", "url", "in_language", "word_count", "content_hash", "layout"),
        *("date_first_seen", "date_crawled", "run_id"),
    }
)


class Code(str):
    """Text that is read from the left wherever it is: an identifier, a code, a run's name."""

    is_code = True


def plots(figures: Figures) -> dict[str, list[Plot]]:
    """The plots of each section of the page that has any, in their order; none of what was not counted."""
    corpus = figures.corpus
    published = {"date_published": corpus.date_sources, "article_body": corpus.layouts}
    agencies = [
        ((words.agency(code), Code(code)), count) for code, count in most_frequent(corpus.agencies, AGENCIES_SHOWN)
    ]
    terms, keywords = (
        [((term,), count) for term, count in most_frequent(counter, TERMS_SHOWN)]
        for counter in (corpus.terms, corpus.keywords)
    )
    revisions = [
        (("منشورة بنسخة واحدة",), figures.revisions[1]),
        (("منشورة بأكثر من نسخة",), figures.revisions.total() - figures.revisions[1]),
        (("مكررة أُسقطت",), figures.dropped),
        (("مكررة نُشرت بعلامة",), corpus.marked),
    ]
    return {
        "days": [_days(figures), *_months(figures)],
        "states": [
            *_weeks("الدول بحسب الأسبوع", figures, corpus.states, words.state),
            *_weeks("أزواج الدول بحسب الأسبوع (أبرز أربع دول في كل مادة)", figures, corpus.pairs, words.pair),
        ],
        "freshness": [_freshness(figures)],
        "duplicates": _bars("المواد بحسب نسخها وتكرارها", "المواد المنشورة والمحدّثة والمكررة.", ["الحال"], revisions),
        "coverage": [
            _coverage(figures),
            *_sources("مصدر وقت النشر والنص في المواد المنشورة", published),
            *_sources("مصدر كل حقل في الجولات الأخيرة", field_sources(figures.runs)),
        ],
        "agencies": _bars(
            "المواد بحسب الوكالة", "عدد المواد التي يسمي سطر مصدرها كل وكالة.", ["الوكالة", "الرمز"], agencies
        ),
        "terms": [
            *_bars("عبارات حسمت الموضوع", "العبارات التي قررت أن المادة دفاع أو شؤون خارجية.", ["العبارة"], terms),
            *_bars("كلمات الموقع المفتاحية", "الوسوم التي وضعها الموقع للمواد.", ["العبارة"], keywords),
        ],
        "runs": _runs(figures),
    }


def _bars(title: str, summary: str, head: Sequence[str], rows: Sequence[tuple[Sequence[str], int]]) -> list[Plot]:
    """Lying bars of articles by the first cell of each row."""
    if not rows:
        return []
    cells, counts = zip(*rows, strict=True)
    return [Plot("bars", [row[0] for row in cells], [Series(ARTICLES, counts)], title, summary, head, cells)]


def _by_topic(title: str, summary: str, unit: str, rows: Sequence[tuple[str, Counter[str]]]) -> Plot:
    """Columns of articles by topic."""
    groups = [group for group in _TOPIC_COLORS if group != NO_TOPIC or any(topics[group] for _, topics in rows)]
    series = [Series(words.TOPICS[g], [topics[g] for _, topics in rows], _TOPIC_COLORS[g]) for g in groups]
    return Plot("columns", [label for label, _ in rows], series, title, summary, [unit])


def _days(figures: Figures) -> Plot:
    days = figures.corpus.days(DAYS_SHOWN, cairo_day(figures.now))
    busiest, topics = max(days, key=lambda item: item[1].total())
    summary = (
        f"المواد في كل يوم من {words.day(days[0][0])} إلى {words.day(days[-1][0])}. "
        f"أكثرها {words.day(busiest)}: {words.number(topics.total())}."
    )
    rows = [(words.short_day(day), topics) for day, topics in days]
    return _by_topic(f"آخر {DAYS_SHOWN} يومًا", summary, "اليوم", rows)


def _months(figures: Figures) -> list[Plot]:
    rows = [(words.month(month), topics) for month, topics in figures.corpus.months()[-MONTHS_SHOWN:]]
    if len(rows) < 2:
        return []
    summary = f"المواد في كل شهر من {rows[0][0]} إلى {rows[-1][0]}، والأشهر الخالية لا تظهر."
    return [_by_topic("بحسب الشهر", summary, "الشهر", rows)]


def _weeks(
    title: str, figures: Figures, by_week: Mapping[date, Counter[str]], label: Callable[[str], str]
) -> list[Plot]:
    """Columns of the last weeks' most frequent codes, each a series of its own."""
    last = monday(figures.corpus.newest(cairo_day(figures.now)))
    weeks = [last - timedelta(weeks=back) for back in reversed(range(WEEKS_SHOWN))]
    counts = [by_week.get(week, Counter[str]()) for week in weeks]
    shown = [code for code, _ in most_frequent(sum(counts, Counter[str]()), STATES_SHOWN)]
    if not shown:
        return []
    series = [
        Series(label(code), [week[code] for week in counts], color) for code, color in zip(shown, _COLORS, strict=False)
    ]
    summary = f"أكثر ما ورد في آخر {WEEKS_SHOWN} أسبوعًا: {'، '.join(map(label, shown))}."
    return [Plot("columns", [words.short_day(week) for week in weeks], series, title, summary, ["الأسبوع من"])]


def _freshness(figures: Figures) -> Plot:
    fresh, before = figures.corpus.delays(fresh=True), figures.corpus.delays(fresh=False)
    series = [Series("نُشرت بعد بدء الرصد", fresh), Series("نُشرت قبل بدء الرصد", before, _GREY)]
    summary = f"المواد بحسب المدة من نشرها إلى أول رصد: {words.number(sum(fresh))} نُشرت بعد بدء الرصد."
    return Plot("bars", words.DELAYS, series, "من النشر إلى الرصد", summary, ["المدة"])


def _coverage(figures: Figures) -> Plot:
    corpus = figures.corpus
    names = sorted((name for name in FIELDS if name not in _ALWAYS_FILLED), key=lambda name: -corpus.filled[name])
    return Plot(
        "bars",
        names,
        [Series(ARTICLES, [corpus.filled[name] for name in names])],
        "الحقول الممتلئة في المواد المنشورة",
        "نسبة المواد التي يمتلئ فيها كل حقل.",
        ["الحقل", "معناه"],
        [(Code(name), words.FIELDS.get(name, "–")) for name in names],
        wholes=[corpus.articles] * len(names),
    )


def _sources(title: str, by_field: Mapping[str, Mapping[str, int]]) -> list[Plot]:
    """The shares of each field's sources. Rare sources are one series; a field that is nowhere is grey."""
    totals = sum((Counter(counts) for counts in by_field.values()), Counter[str]())
    if not totals:
        return []
    names = sorted(by_field)
    ordered = [source for source, _ in most_frequent(totals) if source != NOWHERE]
    groups = [(words.SOURCES.get(source, source), [source]) for source in ordered[:SOURCES_SHOWN]]
    if others := ordered[SOURCES_SHOWN:]:
        groups.append(("مصادر أخرى", others))
    groups.append((words.SOURCES[NOWHERE], [NOWHERE]))
    series = [
        Series(label, [sum(by_field[name].get(source, 0) for source in sources) for name in names], color)
        for (label, sources), color in zip(groups, [*_COLORS[: len(groups) - 1], _GREY], strict=True)
    ]
    summary = "نسبة كل مصدر من القيم المقروءة في كل حقل."
    cells, wholes = [(Code(name),) for name in names], [sum(by_field[name].values()) for name in names]
    return [Plot("bars", names, series, title, summary, ["الحقل"], cells, wholes)]


def _runs(figures: Figures) -> list[Plot]:
    ended = [run for run in reversed(figures.runs) if run.ended is not None]
    if not ended:
        return []
    series = [
        Series(words.OUTCOMES[outcome], [run.account.get(outcome.value, 0) for run in ended], color)
        for outcome, color in _OUTCOME_COLORS.items()
    ]
    labels, cells = [words.short_moment(run.started) for run in ended], [(Code(run.run_id),) for run in ended]
    summary = "مصير المواد التي تناولتها كل جولة، والأقدم على اليمين."
    return [Plot("columns", labels, series, "مصير المواد في كل جولة", summary, ["الجولة"], cells)]
