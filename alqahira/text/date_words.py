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
    1: "يناير|كانون الثاني|كانون ثاني|كانون 2|كانون2|جانفي|january|jan",
    2: "فبراير|شباط|فيفري|february|feb",
    3: "مارس|اذار|march|mar",
    4: "ابريل|نيسان|افريل|april|apr",
    5: "مايو|ايار|ماي|may",
    6: "يونيو|يونيه|حزيران|جوان|june|jun",
    7: "يوليو|يوليه|تموز|يوليوز|جويليه|july|jul",
    8: "اغسطس|اب|غشت|اغشت|اوت|august|aug",
    9: "سبتمبر|ايلول|شتنبر|شتمبر|september|sept|sep",
    10: "اكتوبر|تشرين الاول|تشرين اول|تشرين 1|تشرين1|october|oct",
    11: "نوفمبر|تشرين الثاني|تشرين ثاني|تشرين 2|تشرين2|نونبر|نوفنبر|november|nov",
    12: "ديسمبر|كانون الاول|كانون اول|كانون 1|كانون1|دجنبر|دجمبر|december|dec",
}
MONTHS = {name: number for number, names in MONTH_NAMES.items() for name in names.split("|")}

DAYS_AGO = {"اول امس": 2, "امس الاول": 2, "امس": 1, "الامس": 1, "البارحه": 1, "yesterday": 1, "اليوم": 0, "today": 0}

HIJRI_MONTH = (
    "(?:محرم|المحرم|صفر|ربيع (?:ال)?(?:اول|اخر|ثاني)|جمادي (?:ال)?(?:اولي|اول|اخره|اخر|ثانيه|ثاني)"
    "|رجب|شعبان|رمضان|شوال|ذ[وي]? ?(?:ال)?قعده|ذ[وي]? ?(?:ال)?حجه)"
)

MORNING, EVENING, NOON, NIGHT = "morning", "evening", "noon", "night"
MERIDIEMS = {
    word: half
    for half, words in {
        MORNING: "ص|صباحا|صباح|في الصباح|فجرا|ضحي|قبل الظهر|قبل الظهيره|بعد منتصف الليل|في منتصف الليل|منتصف الليل"
        "|a.m.|a.m|am",
        EVENING: "م|مساءا|مساء|في المساء|عصرا|مغربا|بعد الظهر|بعد الظهيره|قبل منتصف الليل|قبيل منتصف الليل|p.m.|p.m|pm",
        NOON: "ظهرا|في الظهيره|منتصف النهار",
        NIGHT: "ليلا",
    }.items()
    for word in words.split("|")
}

WEEKDAYS = {
    word: number
    for number, named in enumerate((
        "الاثنين monday mon", "الثلاثاء tuesday tue tues", "الاربعاء wednesday wed",
        "الخميس thursday thu thur thurs", "الجمعه friday fri", "السبت saturday sat", "الاحد sunday sun",
    ))
    for word in named.split()
}  # fmt: skip

# Words that do not change a date: labels, connecting words.
FILLERS = WEEKDAYS.keys() | frozenset(
    _words("""
    يوم في الساعه الموافق بتاريخ عند تمام علي وقت بالتوقيت at on time date uhr
    تم نشر نشرت نشره نشرها منشور منشوره النشر تاريخ التاريخ كتب كتبت اخر تحديث التحديث حدث اضيف اضيفت عدل
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
    second="ثواني ثوان ث seconds sec secs s",
    minute="دقاءق دق د minutes min mins m",
    hour="ساعات س hours hr hrs h",
    day="ايام ي days d",
    week="اسابيع weeks wk wks w",
    month="اشهر شهور months mo mos",
    year="سنوات سنين اعوام years yr yrs y",
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
# Before a number of units, or behind it.
ABOUT = frozenset(_words("حوالي نحو قرابه زهاء تقريبا يقرب يقارب about around almost nearly"))
# «ما يقرب من 3 ساعات», «3 ساعات من الآن», «3 ساعات فقط».
EMPHASIS = frozenset(_words("ما من الان فقط only"))

# Hours from UTC: abbreviations as in RFC 822, of Europe and the Arab world, and CLDR's Arabic names. AST and GST are
# those of Arabia and the Gulf. IST and the like, which name several zones, are left out.
ZONE_OFFSETS = {
    "توقيت شرق اوروبا الصيفي": 3, "توقيت شرق اوروبا الرسمي": 2, "توقيت شرق اوروبا": 2,
    "توقيت وسط اوروبا الصيفي": 2, "توقيت وسط اوروبا الرسمي": 1, "توقيت وسط اوروبا": 1,
    "توقيت غرب اوروبا الصيفي": 1, "توقيت غرب اوروبا الرسمي": 0, "توقيت غرب اوروبا": 0,
    "التوقيت العربي الرسمي": 3, "توقيت الخليج": 4,
    "eet": 2, "eest": 3, "cet": 1, "cest": 2, "wet": 0, "west": 1, "bst": 1, "msk": 3, "trt": 3, "ast": 3, "gst": 4,
    "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7, "ut": 0, "z": 0,
}  # fmt: skip
# With summer time or without.
AMERICAN_ZONES = {
    "et": "America/New_York",
    "ct": "America/Chicago",
    "mt": "America/Denver",
    "pt": "America/Los_Angeles",
}
# After «توقيت».
ZONE_PLACES = {
    name: zone
    for zone, names in {
        "Asia/Dubai": "ابو ظبي|ابوظبي|دبي|الامارات|الخليج",
        "Asia/Muscat": "مسقط|سلطنه عمان",
        "Asia/Riyadh": "الرياض|جده",
        "Asia/Qatar": "الدوحه|قطر",
        "Asia/Kuwait": "الكويت",
        "Asia/Bahrain": "المنامه|البحرين",
        "Asia/Aden": "صنعاء|عدن|اليمن",
        "Asia/Baghdad": "بغداد|العراق",
        "Asia/Beirut": "بيروت|لبنان",
        "Asia/Damascus": "دمشق|سوريا",
        "Asia/Jerusalem": "القدس المحتله|القدس",
        "Asia/Gaza": "غزه|فلسطين",
        "Africa/Khartoum": "الخرطوم|السودان",
        "Africa/Tripoli": "طرابلس|ليبيا",
        "Africa/Tunis": "تونس",
        "Africa/Algiers": "الجزاءر",
        "Africa/Casablanca": "الرباط|المغرب",
        "Europe/Istanbul": "انقره|اسطنبول|تركيا",
        "Asia/Tehran": "طهران|ايران",
        "Europe/Moscow": "موسكو",
        "Europe/Kyiv": "كييف",
        "Europe/London": "لندن|بريطانيا",
        "Europe/Paris": "باريس",
        "Europe/Berlin": "برلين",
        "America/New_York": "واشنطن|نيويورك",
    }.items()
    for name in names.split("|")
}
# Before «time».
ZONE_CITIES = {
    "cairo": "Africa/Cairo", "riyadh": "Asia/Riyadh", "mecca": "Asia/Riyadh", "makkah": "Asia/Riyadh",
    "saudi": "Asia/Riyadh", "dubai": "Asia/Dubai", "abu dhabi": "Asia/Dubai", "uae": "Asia/Dubai",
    "doha": "Asia/Qatar", "kuwait": "Asia/Kuwait", "baghdad": "Asia/Baghdad", "beirut": "Asia/Beirut",
    "jerusalem": "Asia/Jerusalem", "gaza": "Asia/Gaza", "istanbul": "Europe/Istanbul", "moscow": "Europe/Moscow",
    "london": "Europe/London", "paris": "Europe/Paris", "new york": "America/New_York",
}  # fmt: skip
