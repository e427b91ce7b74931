"""The words of dates in Arabic and English, for `alqahira.text.dates`.

Spelled as `fold_letters` leaves them: ا for every alef, ه for ة, ي for ى, ء for ؤ and ئ, no diacritics, lower case.
Month names are those of Unicode's CLDR for Arabic (Egypt, the Levant, Iraq, the Maghreb) and spellings seen in print.
"""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _by_word(**words_of_unit: str) -> dict[str, str]:
    return {word: unit for unit, words in words_of_unit.items() for word in _words(words)}


MONTH_NAMES = {
    1: "يناير|كانون الثاني|كانون ثاني|كانون 2|جانفي|january|jan",
    2: "فبراير|شباط|فيفري|february|feb",
    3: "مارس|اذار|march|mar",
    4: "ابريل|نيسان|افريل|april|apr",
    5: "مايو|ايار|ماي|may",
    6: "يونيو|يونيه|حزيران|جوان|june|jun",
    7: "يوليو|يوليه|تموز|يوليوز|جويليه|july|jul",
    8: "اغسطس|اب|غشت|اغشت|اوت|august|aug",
    9: "سبتمبر|ايلول|شتنبر|شتمبر|september|sept|sep",
    10: "اكتوبر|تشرين الاول|تشرين اول|تشرين 1|october|oct",
    11: "نوفمبر|تشرين الثاني|تشرين ثاني|تشرين 2|نونبر|نوفنبر|november|nov",
    12: "ديسمبر|كانون الاول|كانون اول|كانون 1|دجنبر|دجمبر|december|dec",
}
MONTHS = {name: number for number, names in MONTH_NAMES.items() for name in names.split("|")}

DAYS_AGO = {"اول امس": 2, "امس الاول": 2, "امس": 1, "الامس": 1, "البارحه": 1, "yesterday": 1, "اليوم": 0, "today": 0}

HIJRI_MONTH = (
    "(?:محرم|المحرم|صفر|ربيع (?:ال)?(?:اول|اخر|ثاني)|جمادي (?:ال)?(?:اولي|اول|اخره|اخر|ثانيه|ثاني)"
    "|رجب|شعبان|رمضان|شوال|ذ[وي]? ?(?:ال)?قعده|ذ[وي]? ?(?:ال)?حجه)"
)

MORNING, EVENING, NOON, NIGHT = "morning", "evening", "noon", "night"
MERIDIEMS = (
    dict.fromkeys(("ص", "صباحا", "صباح", "فجرا", "a.m.", "a.m", "am"), MORNING)
    | dict.fromkeys(("م", "مساءا", "مساء", "عصرا", "بعد الظهر", "p.m.", "p.m", "pm"), EVENING)
    | {"ظهرا": NOON, "ليلا": NIGHT}
)

# Words that do not change a date: weekdays, labels, connecting words.
FILLERS = frozenset(
    _words("""
    السبت الاحد الاثنين الثلاثاء الاربعاء الخميس الجمعه يوم
    saturday sunday monday tuesday wednesday thursday friday sat sun mon tue tues wed thu thur thurs fri
    في الساعه الموافق بتاريخ عند تمام علي وقت بالتوقيت at on time date
    تم نشر نشرت نشره نشرها النشر تاريخ التاريخ كتب كتبت اخر تحديث التحديث حدث اضيف اضيفت عدل
    published publish updated update last posted created modified
    """)
)

UNITS = ("second", "minute", "hour", "day", "week", "month", "year")
ONE = _by_word(
    second="ثانيه second",
    minute="دقيقه minute",
    hour="ساعه hour",
    day="يوم يوما day",
    week="اسبوع اسبوعا week",
    month="شهر شهرا month",
    year="سنه عام عاما year",
)
TWO = _by_word(
    second="ثانيتين ثانيتان",
    minute="دقيقتين دقيقتان",
    hour="ساعتين ساعتان",
    day="يومين يومان",
    week="اسبوعين اسبوعان",
    month="شهرين شهران",
    year="سنتين سنتان عامين عامان",
)
MANY = _by_word(
    second="ثواني ثوان seconds",
    minute="دقاءق minutes min mins",
    hour="ساعات hours hr hrs h",
    day="ايام days d",
    week="اسابيع weeks",
    month="اشهر شهور months",
    year="سنوات سنين اعوام years",
)
NUMBERS = {
    word: number
    for number, words in {
        1: "واحد واحده احد احدي a an one",
        2: "اثنين اثنتين اثني اثنتي اثنا اثنتا two",
        3: "ثلاث ثلاثه three",
        4: "اربع اربعه four",
        5: "خمس خمسه five",
        6: "ست سته six",
        7: "سبع سبعه seven",
        8: "ثمان ثماني ثمانيه eight",
        9: "تسع تسعه nine",
        10: "عشر عشره ten",
        20: "عشرين عشرون",
        30: "ثلاثين ثلاثون",
        40: "اربعين اربعون",
        50: "خمسين خمسون",
    }.items()
    for word in words.split()
}
PARTS = {"نصف": 1 / 2, "ربع": 1 / 4, "ثلث": 1 / 3}
