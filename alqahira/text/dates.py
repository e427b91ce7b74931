"""Dates as Arabic news sites print them: `parse_date` gives the moment, or None rather than a guess.

The standard library reads machine formats; a small grammar, which must explain every word of the text, reads printed
Arabic and English dates; dateparser reads any other text with a day, month and year. Times without a zone are Cairo's.
The rules and their sources are in docs/arabic.md.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alqahira.site import TIME_ZONE
from alqahira.text import date_words as words
from alqahira.text.normalization import clean_text, fold_letters

CAIRO = ZoneInfo(TIME_ZONE.value)
_LONGEST = 200  # characters; a longer text is no date
_FIRST_YEAR = 1900
_FUTURE_TOLERANCE = timedelta(days=1)
# What programs give for no date: the beginnings of the clocks of Unix, DOS, Mac OS and spreadsheets, in any zone.
_PLACEHOLDERS = tuple(datetime(year, 1, 1, tzinfo=UTC) for year in (1900, 1904, 1970, 1980))
# Of programs that count from 2000 or 2001, and of forms: midnight, in their zone, in UTC or in Cairo.
_MIDNIGHTS = (datetime(2000, 1, 1), datetime(2001, 1, 1))
_LAST_PLACEHOLDER = 2001
_LARGEST_OFFSET = timedelta(hours=14)  # Line Islands; the largest in the IANA database


def cairo_day(moment: datetime) -> date:
    """The calendar day in Cairo of an aware `moment`; ValueError for a naive one."""
    _require_aware(moment)
    return moment.astimezone(CAIRO).date()


def start_of_cairo_day(day: date) -> datetime:
    """The moment at which a day begins in Cairo, aware."""
    return datetime.combine(day, time.min, CAIRO)


def parse_date(text: str, *, now: datetime, guess: bool = True) -> datetime | None:
    """The moment of a date in UTC; a day without a time is its beginning in Cairo.

    Relative forms count from `now`; ValueError if it is naive, and for no other reason. None for text that is no date,
    for a date that is impossible, vague, Hijri only or without day or year, for the beginning of a computer's clock,
    such as 1 January 1970, for a zone that is unknown, and for a date more than a day after `now`.
    `guess`: ask dateparser about other text, which takes a hundred times as long.
    """
    _require_aware(now)
    if len(text) > _LONGEST * 5:
        return None
    try:
        moment = _parse(text.strip(), now, guess)
    except (ValueError, OverflowError):  # a day, hour or offset that does not exist
        return None
    if moment is None or not _FIRST_YEAR <= moment.year <= now.year + 1:
        return None
    if moment.year <= _LAST_PLACEHOLDER and _is_placeholder(moment):
        return None
    return moment.astimezone(UTC) if moment - now <= _FUTURE_TOLERANCE else None


def _is_placeholder(moment: datetime) -> bool:
    if any(abs(moment - start) <= _LARGEST_OFFSET for start in _PLACEHOLDERS):
        return True
    return any(moment.astimezone(zone).replace(tzinfo=None) in _MIDNIGHTS for zone in (moment.tzinfo, UTC, CAIRO))


def _require_aware(moment: datetime) -> None:
    if moment.utcoffset() is None:
        raise ValueError("a datetime with a time zone is needed")


def _parse(text: str, now: datetime, guess: bool) -> datetime | None:
    if text[:1] > "\u065f":
        text = fold_letters(text)  # «٢٠٢٦-٠٧-٠٧T…» has Arabic digits
    if text[-1:] in (")", "]") or text[-1:].isupper():
        text = _NAME_OF_OFFSET.sub(r"\1\2", text)
    if _BASIC_ISO.fullmatch(text):
        return _in_cairo(datetime.fromisoformat(text))
    if _ISO.fullmatch(text):
        return _in_cairo(datetime.fromisoformat(text.upper().replace(" ", "T", 1).replace(" ", "")))
    if _RFC_2822.fullmatch(text):
        moment = parsedate_to_datetime(text)
        # A zone of -0000 is UTC whose local offset is unknown (RFC 2822, 3.3); Python gives it as naive.
        return moment.replace(tzinfo=moment.tzinfo or UTC)
    text = _normalize(_AMERICAN.sub(r"\g<day>/\g<month>", text) if text[-2:] in ("AM", "PM") else text)
    if len(text) > _LONGEST:
        return None
    relative = _RELATIVE.fullmatch(text)
    if relative and _LABELS_OF_RELATIVE.issuperset(_WORD.findall(relative["label"])):
        return _ago(now, relative["after"] or relative["before"])
    return _printed(text, now, guess)


# --- machine formats ----------------------------------------------------------------------------

_ISO = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?: ?(?:Z|[+-]\d\d(?::?\d\d)?))?)?",
    re.ASCII | re.IGNORECASE,
)
_BASIC_ISO = re.compile(r"\d{8}T\d{6}(?:Z|[+-]\d{4})?", re.ASCII)
# «+0200 (EET)», «+02:00[Africa/Cairo]», «+0200 EET»: the zone once more, as JavaScript, Java and Go print it.
_NAME_OF_OFFSET = re.compile(
    r"([+\-]\d\d:?\d\d|Z) ?(?:\([^()]{1,60}\)|\[[^\[\]]{1,60}\])$|(?<=\d )([+\-]\d{4}) [A-Z]{3,5}$", re.IGNORECASE
)
# «4/25/2026, 10:30:00 AM», of JavaScript in the United States; elsewhere «am» is small, or the day is first.
_AMERICAN = re.compile(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})(?=/\d{4}, \d{1,2}:\d\d:\d\d[ \u202f][AP]M$)", re.ASCII)
_RFC_2822 = re.compile(
    r"(?:[A-Z][a-z]{2}, *)?\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d(?::\d\d)? (?:[+-]\d{4}|GMT|UTC?|Z)", re.ASCII
)


def _in_cairo(moment: datetime) -> datetime:
    offset = moment.utcoffset()
    if offset is None:
        # fold=0: the first of a time that comes twice; a skipped time by the offset before the change.
        return moment.replace(tzinfo=CAIRO)
    if abs(offset) > _LARGEST_OFFSET:
        raise ValueError("no such offset")
    return moment


# --- printed dates ------------------------------------------------------------------------------

_A_MONTH = "(?:" + "|".join(sorted(words.MONTHS, key=len, reverse=True)) + ")(?![^\\W\\d])"
_SEPARATOR = r"[ ,./\-]*"
_MONTH_OR_PAIR = rf"(?P<month>{_A_MONTH})\.?(?: ?[/(\-] ?(?P<same_month>{_A_MONTH}) ?\)?)?"
_DAY = r"(?<!\d)(?P<day>\d{1,2})(?:st|nd|rd|th)?(?!\d)"
_YEAR = r"(?<!\d)(?P<year>\d{4})(?!\d)(?: ?(?:م|ميلادي|ميلاديه)(?!\w))?"
_YEAR_WORD = r"(?:(?:عام|سنه|لعام|لسنه) )?"

_DATES = [
    re.compile(pattern)
    for pattern in (
        rf"{_DAY}{_SEPARATOR}(?:من )?(?:شهر )?{_MONTH_OR_PAIR}{_SEPARATOR}{_YEAR_WORD}{_YEAR}",
        rf"{_YEAR}{_SEPARATOR}{_MONTH_OR_PAIR}{_SEPARATOR}{_DAY}",
        rf"{_MONTH_OR_PAIR}{_SEPARATOR}{_DAY}{_SEPARATOR}{_YEAR}",
        rf"{_DAY} ?(?P<mark>[/.\-]) ?(?P<month>\d{{1,2}}) ?(?P=mark) ?{_YEAR}",
        rf"{_YEAR} ?(?P<mark>[/.\-]) ?(?P<month>\d{{1,2}}) ?(?P=mark) ?{_DAY}",
        r"(?<![\d/])(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<short_year>\d\d)(?![\d/])",
    )
]
_DAY_WORD = re.compile(r"(?<!\w)(?:" + "|".join(words.DAYS_AGO) + r")(?!\w)")

_HIJRI_MARK = r" ?(?:هجريه|هجريا|هجري|ه)(?!\w)"
_HIJRI = re.compile(
    rf"(?<!\d)\d{{1,2}} ?(?:من )?{words.HIJRI_MONTH},? ?(?:(?:عام|سنه) )?1[345]\d\d(?!\d)(?:{_HIJRI_MARK})?"
    rf"|(?<!\d)\d{{1,4}} ?[/\-] ?\d{{1,2}} ?[/\-] ?\d{{1,4}}{_HIJRI_MARK}"
)

_A_MERIDIEM = (
    "(?:" + "|".join(re.escape(word) for word in sorted(words.MERIDIEMS, key=len, reverse=True)) + r")(?![^\W\d])"
)
_TIMES = [
    re.compile(pattern)
    for pattern in (
        rf"(?<![\d:])(?P<hour>\d{{1,2}}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d+)?)?(?![\d:])"
        rf" ?(?P<half>{_A_MERIDIEM})?",
        rf"(?<![\d:])(?P<hour>\d{{1,2}})(?:\.(?P<minute>\d\d))? ?(?P<half>{_A_MERIDIEM})",
        r"(?<![\d:.])(?P<hour>\d\d)\.(?P<minute>\d\d)(?= (?:gmt|utc|[a-z]{2,4}t)(?!\w))(?P<half>)",
    )
]
_HALF_IN_FRONT = re.compile(rf"(?<!\w){_A_MERIDIEM}(?= ?\d{{1,2}}:\d\d)")

_GREENWICH = r"جرينتش|غرينتش|غرينيتش|جرينيتش|ت ?\. ?غ|ت غ|gmt|utc"
_ZONE = re.compile(
    rf"(?:(?:ب?(?:ال)?توقيت )?(?:(?P<utc>(?:{_GREENWICH})(?! ?[+\-]?\d)|العالمي(?: المنسق)?)"
    r"|(?P<cairo>القاهره|مصر|المحلي|(?:ال)?محلي)|(?P<mecca>مكه المكرمه|مكه|السعوديه)"
    rf"|(?P<named>{'|'.join(words.ZONE_OFFSETS)})|(?P<american>{'|'.join(words.AMERICAN_ZONES)})"
    rf"|(?:{_GREENWICH})? ?(?P<sign>[+\-])(?P<hours>\d\d?)(?::?(?P<minutes>\d\d))?(?: ?(?:{_GREENWICH}))?)"
    rf"|ب?(?:ال)?توقيت (?P<place>{'|'.join(words.ZONE_PLACES)})|(?P<english>{'|'.join(words.ZONE_CITIES)}) time"
    r"|(?P<iana>(?:africa|america|asia|europe)/[a-z]+(?:_[a-z]+)?))(?!\w)"
)

_WORD = re.compile(r"\w+")
# «Sat Nov 28 10:30:00 EET 2026», as of C, Java and X: the year stands behind the time.
_YEAR_LAST = re.compile(
    rf"(?P<month>{_A_MONTH}) +(?P<day>\d{{1,2}}) (?P<clock>\d\d:\d\d(?::\d\d)?(?: [a-z]+| ?[+\-]\d{{4}})?)"
    r" (?P<year>\d{4})$"
)
# «2026年11月28日 10時30分», of Chinese and Japanese.
_DATE_IN_SIGNS = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日")
_CLOCK_IN_SIGNS = re.compile(r"(\d{1,2})[時时点點](\d{1,2})分?")
_T_OF_ISO = re.compile(r"(?<=\d)t(?=\d)")
_DASHES = str.maketrans({"–": "-", "—": "-", "‐": "-", "‑": "-", "−": "-", "،": ",", "٫": ".", "\n": " "})


def _normalize(text: str) -> str:
    text = unicodedata.normalize("NFKC", clean_text(text))
    text = fold_letters(text).translate(_DASHES).casefold()
    if "年" in text:
        text = _CLOCK_IN_SIGNS.sub(r"\1:\2", _DATE_IN_SIGNS.sub(r"\1-\2-\3 ", text))
    return _YEAR_LAST.sub(r"\g<day> \g<month> \g<year> \g<clock>", _T_OF_ISO.sub(" ", text))


def _printed(text: str, now: datetime, guess: bool) -> datetime | None:
    """A date whose words the grammar explains, all of them."""
    text = _HIJRI.sub(" ", text)
    match = _first_match(_DATES, text)
    if match:
        day = _day(match, text)
    elif match := _DAY_WORD.search(text):
        day = cairo_day(now) - timedelta(days=words.DAYS_AGO[match[0]])
    else:
        return _by_dateparser(text, now) if guess else None
    rest, clock, zone = _cut_time(_cut(text, match))
    if clock is not None and ":" in rest:  # «10:30 بتوقيت القاهرة (08:30 بتوقيت غرينتش)»
        other_rest, other_clock, other_zone = _cut_time(rest)
        if datetime.combine(day, clock, zone or CAIRO).astimezone(other_zone or CAIRO).time() == other_clock:
            rest = other_rest
    if not words.FILLERS.issuperset(_WORD.findall(rest)):
        return None
    if clock is None and match[0] in ("اليوم", "today"):
        return None  # without a time it says no more than `now`
    return _in_cairo(datetime.combine(day, clock or time(), zone))


def _first_match(patterns: Iterable[re.Pattern[str]], text: str) -> re.Match[str] | None:
    """The match of the first pattern that matches anywhere."""
    return next((match for pattern in patterns if (match := pattern.search(text))), None)


def _day(match: re.Match[str], text: str) -> date:
    """The matched day; ValueError if it does not exist."""
    parts = match.groupdict()
    month, same_month = parts["month"], parts.get("same_month")
    if same_month and words.MONTHS[month] != words.MONTHS[same_month]:
        raise ValueError("two months")
    year = 2000 + int(parts["short_year"]) if "short_year" in parts else int(parts["year"])
    if month in words.MONTHS:
        return date(year, words.MONTHS[month], int(parts["day"]))
    first, second = int(parts["day"]), int(month)
    is_swappable = match.start("day") < match.start("month") and parts.get("mark") != "."
    if is_swappable and _is_month_first(year, first, second, text):
        return date(year, first, second)
    return date(year, second, first)


def _is_month_first(year: int, first: int, second: int, text: str) -> bool:
    """Whether two numbers are an American month and day: by their size, or by a weekday beside them."""
    if max(first, second) > 12:
        return second > 12
    weekday = next((words.WEEKDAYS[word] for word in _WORD.findall(text) if word in words.WEEKDAYS), None)
    if weekday is None:
        return False
    return date(year, second, first).weekday() != weekday == date(year, first, second).weekday()


def _cut_time(text: str) -> tuple[str, time | None, tzinfo | None]:
    """The text without its time of day and zone, the time, and the zone."""
    half_in_front = _HALF_IN_FRONT.search(text)
    if half_in_front:
        text = _cut(text, half_in_front)
    match = _first_match(_TIMES, text)
    if not match:
        return text, None, None
    half = match["half"] or (half_in_front[0] if half_in_front else None)
    hour = _hour(int(match["hour"]), words.MERIDIEMS[half] if half else None)
    clock = time(hour, int(match["minute"] or 0), int(match.groupdict().get("second") or 0))
    text = _cut(text, match)
    zone = _ZONE.search(text, match.start())
    return (_cut(text, zone), clock, _zone(zone)) if zone else (text, clock, None)


def _cut(text: str, match: re.Match[str]) -> str:
    return f"{text[: match.start()]} {text[match.end() :]}"


def _hour(hour: int, half: str | None) -> int:
    """The hour from 0 to 23; ValueError for 13 to 23 in the morning."""
    if half == words.MORNING and hour > 12:
        raise ValueError("no hour of the morning")
    if half is None or hour > 12:
        return hour
    am_hours = {words.MORNING: range(13), words.NOON: (10, 11), words.EVENING: (), words.NIGHT: (*range(6), 12)}
    return hour % 12 if hour in am_hours[half] else hour % 12 + 12


def _zone(match: re.Match[str]) -> tzinfo | None:
    if match["sign"]:
        offset = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"] or 0))
        return timezone(-offset if match["sign"] == "-" else offset)
    if match["utc"]:
        return UTC
    if match["mecca"]:
        return ZoneInfo("Asia/Riyadh")
    if match["named"]:
        return timezone(timedelta(hours=words.ZONE_OFFSETS[match["named"]]))
    if match["iana"]:
        try:
            return ZoneInfo(match["iana"].title())
        except ZoneInfoNotFoundError:
            raise ValueError("no such zone") from None
    if match["american"]:
        return ZoneInfo(words.AMERICAN_ZONES[match["american"]])
    name = words.ZONE_PLACES.get(match["place"] or "") or words.ZONE_CITIES.get(match["english"] or "")
    return ZoneInfo(name) if name else None


# --- relative dates -----------------------------------------------------------------------------

_RELATIVE = re.compile(
    r"(?P<label>\D*?)(?<!\w)(?:(?:منذ|قبل) (?P<after>.+?)(?: مضت)?|(?P<before>(?:\d|an? ).*) (?:مضت|ago))",
)
_LABELS_OF_RELATIVE = words.FILLERS | words.ABOUT
_COUNTED = re.compile(r"\d+|[^\W\d]+")
_KNOWN = words.ONE.keys() | words.TWO.keys() | words.MANY.keys() | words.NUMBERS.keys() | words.PARTS.keys()


def _ago(now: datetime, text: str) -> datetime | None:
    tokens = [token for token in _COUNTED.findall(text) if token not in words.EMPHASIS]
    counted = [token for token in tokens if token not in words.ABOUT]
    if len(counted) < len(tokens) and counted and counted[0] in words.ONE:
        return None  # «منذ نحو ساعة» may be anything up to two
    units = _count_units(counted)
    if units is None:
        return None
    months, days = 12 * units["year"] + units["month"], 7 * units["week"] + units["day"]
    if months % 1 or days % 1:
        raise ValueError("no whole number of days or months")
    local = now.astimezone(CAIRO) if days or months else now
    # Days and months keep Cairo's wall clock when clocks change; hours and less are elapsed time.
    moment = _months_back(local, int(months)) - timedelta(days=days)
    elapsed = timedelta(hours=units["hour"], minutes=units["minute"], seconds=units["second"])
    return moment.astimezone(UTC) - timedelta(seconds=round(elapsed.total_seconds()))


def _count_units(tokens: list[str]) -> dict[str, float] | None:
    """How many of each unit; None if a word is unknown, or a number or a plural is alone."""
    units: dict[str, float] = dict.fromkeys(words.UNITS, 0)
    number: float | None = None
    unit: str | None = None
    for token in tokens:
        word = token if token in _KNOWN else token.removeprefix("و")
        if word.isdecimal() or word in words.NUMBERS:
            amount = int(word[:6]) if word.isdecimal() else words.NUMBERS[word]
            if unit and number is None and amount == 1 and not word.isdecimal():
                continue  # «ساعة واحدة»
            number = (number or 0) + amount  # «خمس عشرة», «خمس وعشرين»
        elif word in words.PARTS and unit and number is None:
            units[unit] += words.PARTS[word]  # «ساعة ونصف»
        elif word in words.PARTS:
            number = words.PARTS[word]
        elif unit := words.ONE.get(word) or (words.MANY.get(word) if number is not None else None):
            units[unit] += 1 if number is None else number
            number = None
        elif unit := words.TWO.get(word) if number is None else None:
            units[unit] += 2
        elif word:
            return None
    return units if unit and number is None else None


def _months_back(moment: datetime, months: int) -> datetime:
    years, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    if years < _FIRST_YEAR:
        raise ValueError("too long ago")
    return moment.replace(year=years, month=month + 1, day=min(moment.day, monthrange(years, month + 1)[1]))


# --- everything else ----------------------------------------------------------------------------

_YEAR_ALONE = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_DAY_ALONE = re.compile(r"(?<!\d)\d{1,2}(?![\d:])")
_MONTH_ALONE = re.compile(rf"(?<![^\W\d]){_A_MONTH}")
_DATEPARSER_SETTINGS = {
    "DATE_ORDER": "DMY",
    "PREFER_LOCALE_DATE_ORDER": False,
    "REQUIRE_PARTS": ["day", "month", "year"],
    "PARSERS": ["absolute-time"],
}


def _by_dateparser(text: str, now: datetime) -> datetime | None:
    if not (_YEAR_ALONE.search(text) and _DAY_ALONE.search(text) and _MONTH_ALONE.search(text)):
        return None
    import dateparser  # takes 50 ms, for rare texts

    base = now.astimezone(CAIRO).replace(tzinfo=None)
    try:
        moment = dateparser.parse(
            text, languages=["ar", "en"], settings={**_DATEPARSER_SETTINGS, "RELATIVE_BASE": base}
        )
    except Exception:  # its parsers raise many types on odd input
        return None
    return _in_cairo(moment) if moment else None
