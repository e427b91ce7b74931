"""The states and organizations of an article: cases by kind."""

import json
from pathlib import Path

import pytest
from babel import Locale

from alqahira.text.entities import LEAD_WORDS, LEAST_MENTIONS, match_entities
from alqahira.text.entity_table import codes

DATA = Path(__file__).parent.parent / "data" / "channel_news_labelled.jsonl"


def countries(headline, body=""):
    return match_entities(headline, body).countries


def organizations(headline, body=""):
    return match_entities(headline, body).organizations


# --- states ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headline", "expected"),
    [
        # A name, with any clitics; the spellings of Egypt, the Gulf and the Maghreb.
        ("وفد رسمي يصل العراق", ["IQ"]),
        ("اتفاق مع العراق وبالتنسيق مع الأردن", ["IQ", "JO"]),
        ("دعم فرنسي للعراق ولليبيا وللأردن", ["FR", "IQ", "LY", "JO"]),
        ("زيارة إلى كوت ديفوار ثم ساحل العاج", ["CI"]),
        ("أنجولا وأنغولا والجابون والغابون وتوجو وتوغو", ["AO", "GA", "TG"]),
        ("بنجلاديش أو بنغلاديش", ["BD"]),
        ("إثيوبيا تفتتح السد", ["ET"]),
        ("سوريه والسعوديه", ["SY", "SA"]),
        ("بوركينافاسو والباراغواي والهندوراس", ["BF", "PY", "HN"]),
        ("دول كمصر وكقطر", ["EG", "QA"]),
        ("#كوريا_الشمالية ومصر2030", ["KP", "EG"]),
        # A capital, a seat of government, a people, the office of a leader.
        ("بغداد وأنقرة تبحثان ملف المياه", ["IQ", "TR"]),
        ("البيت الأبيض يعلق على بيان الكرملين", ["US", "RU"]),
        ("قصر الإليزيه يكشف موعد القمة", ["FR"]),
        ("حكومة طالبان ترفض", ["AF"]),
        ("الكنيست يصوت على القانون", ["IL"]),
        ("الرئيس الفرنسي يستقبل المستشار الألماني", ["FR", "DE"]),
        ("إصابة جنود أمريكيين ومقتل عراقيتين", ["US", "IQ"]),
        ("الأتراك والروس والأرمن", ["TR", "RU", "AM"]),
        ("تعاون مصري قطري سعودي", ["EG", "QA", "SA"]),
        ("لقاء المصريتين مع الأردنيات والليبيون", ["EG", "JO", "LY"]),
        # The longest name wins.
        ("جنوب السودان يغلق حدوده", ["SS"]),
        ("غينيا بيساو وغينيا الاستوائية وغينيا", ["GW", "GQ", "GN"]),
        ("الكونغو الديمقراطية والكونغو برازافيل", ["CD", "CG"]),
        ("كوريا الشمالية تهدد جارتها", ["KP"]),
        ("قمة الكوريتين", ["KR", "KP"]),
        ("جنوب أفريقيا تقاضي إسرائيل", ["ZA", "IL"]),
        # What ISO has codes for, and Kosovo.
        ("غزة والضفة الغربية والسلطة الفلسطينية", ["PS"]),
        ("ملف الصحراء الغربية أمام المجلس", ["EH"]),
        ("كوسوفو وتايوان وهونج كونج", ["XK", "TW", "HK"]),
        ("اعتراف بإقليم أرض الصومال", ["SO"]),
        ("زعيم شمال قبرص يلتقي وفدًا", ["CY"]),
        # A name with a second meaning, beside one without.
        ("السنغال ومالي وبنين تتأهل", ["SN", "ML", "BJ"]),
        ("مالي وموريتانيا تغلقان الحدود", ["ML", "MR"]),
    ],
)
def test_state_is_found_by_name_seat_people_or_office(headline, expected):
    assert countries(headline) == expected


@pytest.mark.parametrize(
    ("headline", "expected"),
    [
        # Words that only look like a state's.
        ("دعم مالي جديد للمزارعين", []),
        ("وزارة المالية تعلن الموازنة المالية", []),
        ("مقتل جنود في مالي", ["ML"]),
        ("الجيش المالي يعلن تدمير قاعدة", ["ML"]),
        ("قطرة ماء واحدة وقطره صغير", []),
        ("أنبوب بقطر 5 أمتار", []),
        ("كسول لا يعمل", []),
        ("سيول جارفة تضرب المدينة", []),
        ("الذراع اليمنى للقائد", []),
        ("مجرى النهر الجديد", []),
        ("شرب كوبًا من الشاي ثم كوبا من القهوة", []),
        ("الذراع اليُمنى للقائد مصرّ على موقفه", []),
        ("توني كروس يعتزل وسانتياغو سوليس يسجل", []),
        ("حمية كيتو ومخاطرها", []),
        ("أمطار تصل إلى حد السيول، سيول على سيناء", []),
        ("المكتب القُطري للبرنامج", []),
        ("قروض ميسرة ببنوك حكومية", []),
        ("الطلاب يدخلون كلية الهندسة قرب البحر الميت", []),
        # People.
        ("نواف الكويتي يعتزل كرة القدم", []),
        ("الفنان هاني السوداني في عمل جديد", []),
        ("جورجيا ميلوني تلقي كلمة", []),
        ("تركي آل الشيخ يعلن الموسم", []),
        ("جاك لندن في ترجمة جديدة", []),
        # Clubs, leagues, papers, currencies, dishes, weapons, streets, clocks.
        ("ريال مدريد يتصدر الدوري الإسباني", []),
        ("الأهلي السعودي يتعاقد مع مدرب", []),
        ("باريس سان جيرمان يفوز", []),
        ("صحيفة «واشنطن بوست» الأمريكية تكشف", []),
        ("«هآرتس» الإسرائيلية تنشر وثائق", []),
        ("سعر الدولار الأمريكي اليوم", []),
        ("الفول السوداني وجوز الهند", []),
        ("مقاتلات روسية الصنع", []),
        ("حريق في شارع السودان", []),
        ("الساعة الخامسة بتوقيت القاهرة", []),
        ("قناة القاهرة الإخبارية", []),
        ("دوري نجوم قطر ينطلق", []),
        ("دوري روشن السعودي ينطلق", []),
        ("المستعمرة البرتغالية السابقة", []),
        ("تراجع العملة التركية", []),
        ("الكشري المصري على الموائد", []),
        ("سقوط الإمبراطورية المجرية في الفيلم", []),
        ("موقع «أكسيوس» الأمريكي وشبكة «سي إن إن» الأمريكية", []),
        ("مقاتلات إف 35 الأمريكية", []),
        ("القوة الجوية العراقي والاتحاد المنستيري التونسي", []),
        ("المصري وبيراميدز يتعادلان", []),
        ("افتتاح كوبري تحيا مصر", []),
        ("غنت باللهجة المصرية", []),
        ("قنبلة أمريكية من الحرب العالمية", []),
        # Regions and seas.
        ("خطف تلاميذ بولاية النيجر", []),
        ("طائرات فوق خليج فنلندا", []),
        ("أمريكا اللاتينية وخليج عدن ونهر الأردن وبحر الصين الجنوبي", []),
        ("سفن في البحرين الأحمر والمتوسط", []),
        ("هدم غرف في باب المغاربة", []),
        # One word of two states.
        ("السلطان يستقبل وفدًا في عمان", ["OM"]),
        ("العاهل الأردني يفتتح مؤتمرًا في عمان", ["JO"]),
        ("المؤتمر يعقد في عمّان", ["JO"]),
        ("المؤتمر يعقد في عَمّان", ["JO"]),
        ("فيضانات في ولاية جورجيا", ["US"]),
        ("تبليسي: جورجيا ترفض التدخل", ["GE"]),
        ("السوداني يترأس اجتماعًا في بغداد", ["IQ"]),
        ("الجيش اللبناني ينتشر في طرابلس", ["LB"]),
        ("اشتباكات في طرابلس", ["LY"]),
        ("انقلاب في غينيا بيساو واعتقال الرئيس الغيني", ["GW"]),
        ("الجيش الكوري يرد على بيونج يانج", ["KP"]),
        ("سول تعلن والجيش الكوري يرد على بيونج يانج", ["KR", "KP"]),
    ],
)
def test_word_that_only_looks_like_a_state_is_none(headline, expected):
    assert countries(headline) == expected


@pytest.mark.parametrize(
    ("headline", "expected"),
    [
        # At a place of a state; of a state.
        ("حريق في فندق بتركيا وطعن في شارع بلندن", ["TR", "GB"]),
        ("مطعم مصري في ملعب بالمغرب", ["EG", "MA"]),
        ("حريق في شارع بغداد", []),
        # A position, network or channel that is no medium; an owner of weapons.
        ("استهداف موقع عسكري إسرائيلي وموقع فوردو الإيراني", ["IL", "IR"]),
        ("شبكة تجسس إسرائيلية وقنوات اتصال إيرانية", ["IL", "IR"]),
        ("مقاتلات إف 16 تركية", ["TR"]),
        # A person of a club, a front, a score.
        ("مدرب الأهلي السويسري يغادر", ["CH"]),
        ("نادي الأسير الفلسطيني ينتظر", ["PS"]),
        ("فتح ساحة لبنان", ["LB"]),
        ("قطر 2-1 الإمارات", ["QA", "AE"]),
        ("أنبوب قطر 56 بوصة", []),
    ],
)
def test_phrase_that_hides_a_name_hides_no_party(headline, expected):
    assert countries(headline) == expected


# Territories without people, or not named in the news; codes of CLDR that are no territory of ISO 3166-1.
LEFT_OUT = {"BV", "GS", "HM", "UM"}
NOT_ISO = {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"}
# Their names alone are everyday words, or a shop's and a footballer's.
BESIDE_ANOTHER_WORD = {"BJ": "في بنين", "JE": "جزيرة جيرسي", "MC": "إمارة موناكو", "ML": "في مالي"}


def cldr_names():
    found = Locale("ar").territories
    return {code: name for code, name in found.items() if len(code) == 2 and code not in LEFT_OUT | NOT_ISO}


@pytest.mark.parametrize(("code", "name"), cldr_names().items())
def test_state_is_found_by_its_name_in_cldr(code, name):
    assert countries(f"زار الوزير {BESIDE_ANOTHER_WORD.get(code, name)}")[0] == code


def test_every_code_is_one_of_cldr():
    assert codes("countries") == {*cldr_names()}


# --- organizations --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headline", "expected"),
    [
        ("الناتو وحلف شمال الأطلسي", ["nato"]),
        ("مجلس الأمن يصوت على قرار", ["unsc"]),
        ("الجمعية العامة للأمم المتحدة تعتمد قرارًا", ["unga", "un"]),
        ("«اليونيسف» تحذر ومنظمة الأمم المتحدة للطفولة تناشد", ["unicef"]),
        ("وكالة الأمم المتحدة لغوث وتشغيل اللاجئين", ["unrwa"]),
        ("قوة الأمم المتحدة المؤقتة في لبنان", ["unifil", "un"]),
        ("جيش الاحتلال والقوات الإسرائيلية", ["idf"]),
        ("الحرس الثوري وفيلق القدس", ["irgc"]),
        ("الحوثيون وجماعة الحوثي والميليشيا الحوثية", ["houthis"]),
        ("قوات الدعم السريع وحماس وحزب الله", ["rsf", "hamas", "hezbollah"]),
        ("«إيجاد» تدعو إلى الحوار", ["igad"]),
        ("قمة إيجاد في نيروبي", ["igad"]),
        ("حركة فتح وحركة حماس", ["fatah", "hamas"]),
        ("واتهم بروكسل بالمماطلة", ["eu"]),
        ("قيادي بحماس: لا تنازل", ["hamas"]),
        ("حركة طالبان باكستان", ["ttp"]),
        ("اتهمت حكومة طالبان باكستان", ["taliban"]),
        ("قيادات داعش والقاعدة", ["isis", "al_qaeda"]),
        ("فاغنر تنسحب", ["wagner"]),
    ],
)
def test_organization_is_found_by_name_or_abbreviation(headline, expected):
    assert organizations(headline) == expected


@pytest.mark.parametrize(
    "headline",
    [
        "إيجاد حل للأزمة",
        "فتح باب الترشح",
        "حماس الجماهير يشعل المباراة",
        "حماس الطلاب يبهر اللجنة",
        "لقي طالبان بالثانوية مصرعهما",
        "وافقت الجمعية العامة على التوزيعات",
        "وزير الحرب الياباني في رواية",
        "استقبلوه بحماس",
        "مجلس الأمن القومي الأمريكي يجتمع",
        "تنفيذ قرارات مجلس الأمن",
        "الجمعية العامة للنادي تنتخب رئيسًا",
        "الاتحاد الأوروبي لكرة القدم يعلن القرعة",
        "كتائب حزب الله العراقية",
        "حركة التجارة العالمية تتباطأ",
        "قوات الاحتلال الروسي",
        "قمة المناخ في بروكسل",
        "فوز طالبان من الثانوية بالجائزة",
        "ميناء الفاو الكبير",
        "حليف رئيسي خارج الناتو",
    ],
)
def test_word_that_only_looks_like_an_organization_is_none(headline):
    assert organizations(headline) == []


# --- which count, and their order -----------------------------------------------------------------


def test_headline_comes_before_the_body_and_each_in_its_own_order():
    assert countries("بغداد تستقبل وفدًا تركيًا", "أعلنت إيران أن تركيا والعراق اتفقا.") == ["IQ", "TR", "IR"]


@pytest.mark.parametrize(("times", "expected"), [(LEAST_MENTIONS - 1, []), (LEAST_MENTIONS, ["PE"])])
def test_after_the_lead_a_state_must_be_named_often(times, expected):
    assert countries("", "كلمة " * LEAD_WORDS + "بيرو " * times) == expected


@pytest.mark.parametrize(
    "body",
    [
        "وقع الحادث قرب حدود النيجر.",
        "وقع الحادث على الحدود مع النيجر.",
        "وهو ممثل من أصل نيجري ولد في النيجر.",
        "قال ذلك خلال مؤتمر صحفي في نيامي.",
        "أعلن الوزير الخطة. وكانت النيجر قد استقلت عام 1960.",
        # Where a statement was made; a neighbour; a route.
        "وأضاف في نيامي أن الخطة جاهزة.",
        "وقال خلال محاضرة بنيامي إن الخطة جاهزة.",
        "ضرب الزلزال مدينة تبعد 40 كيلومترًا من النيجر.",
        "وتضرر جسر يربط المنطقة بالنيجر.",
        # Lives, comparisons, the past.
        "وهو مدرب سبق له العمل في النيجر.",
        "درس الطب في نيامي ثم عاد.",
        "وأسس الحزب على غرار النيجر.",
        "تحترق غابة تعادل مساحة النيجر.",
        "وجاء اللقاء بعد إخفاق جولتي نيامي.",
        "يعرض المتحف دبابات من حقبة الحرب مع النيجر.",
        "أعلن الوزير الخطة. وكان قد زار النيجر قبل 20 عامًا.",
        "تدور أحداثه في النيجر.",
        "عقب حادث مماثل في النيجر.",
        "خوفًا من تكرار سيناريو النيجر.",
        "ولد في المنفى لأب نيجري.",
        "وهي الدولة التي انفصلت بعد انفصالها عن النيجر.",
        "وهي بلدة تقع بين النيجر وتشاد.",
    ],
)
def test_state_that_only_says_where_whence_or_when_does_not_count(body):
    assert countries("", body) == []
    assert countries("النيجر ترد", body) == ["NE"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("وقع الحادث قرب الحدود مع النيجر وتشاد وليبيا.", []),
        ("وقع الحادث قرب حدود النيجر، وتشاد ترد.", ["TD"]),
        ("وقع الحادث قرب حدود النيجر بينما ردت تشاد.", ["TD"]),
    ],
)
def test_states_joined_to_one_that_does_not_count_do_not_either(body, expected):
    assert countries("", body) == expected


@pytest.mark.parametrize(
    ("headline", "body", "expected"),
    [
        ("خليل الهندي يصدر ألبومًا", "وقال الهندي إنه سعيد.", []),
        ("الهندي يصدر ألبومًا", "أصدر خليل الهندي ألبومًا.", []),
        ("خليل الهندي يصدر ألبومًا", "وقال إن للهنـدي جمهورًا.", []),
        ("الهند تكرم خليل الهندي", "وقال الهندي إنه سعيد.", ["IN"]),
    ],
)
def test_surname_that_comes_again_alone_is_no_state(headline, body, expected):
    assert countries(headline, body) == expected


@pytest.mark.parametrize(
    "body",
    [
        "وتهدف الخطة إلى تحقيق هدف الناتو للإنفاق.",
        "وقال إن الصفقة تعزز الجناح الجنوبي لحلف الناتو.",
        "وتتولى بلاده رئاسة الناتو.",
        "ألغى مشاركته في اجتماع ومشاركته في قمة الناتو.",
        "وهو مسؤول سابق في الناتو.",
        "وذلك بحسب بيانات الناتو.",
        "وهي أول دولة في الناتو تحظر ذلك.",
        "أقيم الحفل في مقر الناتو.",
        "فاز بجائزة الناتو للعلوم.",
        "جاء ذلك قبيل قمة الناتو.",
        "الجيش مستعد على غرار الناتو.",
        "نقلت قناة المنار التابعة للناتو.",
    ],
)
def test_organization_that_is_no_party_does_not_count(body):
    assert organizations("", body) == []
    assert organizations("الناتو يرد", body) == ["nato"]


def test_year_in_the_news_itself_or_since_one_makes_no_history():
    assert countries("", "تحتفل مصر بذكرى نصر 1973.") == ["EG"]
    assert countries("", "أعلن الوزير الخطة. وهي الأكبر في النيجر منذ عام 1960.") == ["NE"]


@pytest.mark.parametrize(
    ("headline", "expected"),
    [
        ("العراقية والعراق، ثم بالعراق", ["IQ:العراقية", "IQ:والعراق", "IQ:بالعراق"]),
        ("كوريا الشمالية والأمم المتحدة", ["KP:كوريا الشمالية", "un:والأمم المتحدة"]),
        ("الجيش الإسرائيلي", ["IL:الإسرائيلي", "idf:الجيش الإسرائيلي"]),
    ],
)
def test_mentions_are_the_words_as_printed(headline, expected):
    assert match_entities(headline, "").mentions == expected


# --- the labelled samples --------------------------------------------------------------------------


def test_samples_of_the_tuned_parts_meet_the_aims():
    samples = [json.loads(line) for line in DATA.read_text("utf-8").splitlines()]
    for labels, precision, recall in (("countries", 0.985, 0.98), ("organizations", 0.85, 0.95)):
        labelled = both = given_ = 0
        for sample in samples:
            if sample["split"] in ("channel2_tune", "channel2_held_out"):
                answer = {*getattr(match_entities(sample["headline"], sample["body"]), labels)}
                labelled, given_ = labelled + len(sample[labels]), given_ + len(answer)
                both += len(answer & {*sample[labels]})
        assert both / given_ >= precision
        assert both / labelled >= recall
