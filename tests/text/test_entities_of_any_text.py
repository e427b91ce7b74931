"""The states and organizations of an article: what holds for any text."""

import re
import unicodedata
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alqahira.text.entities import match_entities
from alqahira.text.entity_table import codes, names
from alqahira.text.normalization import fold_text

WORDS = [*names("countries").values(), *names("organizations").values(), "في", "من", "حدود", "عام", "1973", "١٩٧٣"]
TEXTS = st.text(max_size=300) | st.lists(st.sampled_from(WORDS) | st.text(max_size=8), max_size=80).map(" ".join)


@given(headline=TEXTS, body=TEXTS)
def test_every_code_is_unique_known_and_has_mentions_that_stand_in_the_text(headline, body):
    found = match_entities(headline, body)
    assert match_entities(headline, body) == found
    assert {*found.countries} <= codes("countries")
    assert {*found.organizations} <= codes("organizations")
    text = fold_text(f"{headline} {body}")
    given_codes = [*found.countries, *found.organizations]
    assert len({*given_codes}) == len(given_codes)
    assert {mention.partition(":")[0] for mention in found.mentions} == {*given_codes}
    for mention in found.mentions:
        assert all(fold_text(word) in text for word in mention.partition(":")[2].split())


@pytest.mark.parametrize(
    "text", ["", " ", "\x00", "\ud800", "፩፪፫፬", "²²²²", "﷽", "ـ", "ً", "a" * 100_000, "م " * 50_000]
)
def test_any_text_gives_lists(text):
    assert match_entities(text, text) == ([], [], [])


@pytest.mark.parametrize("text", ["عمان " * 2_000, "1973 " * 2_000, "في عام 1973 مالي " * 600, "صحيفة " * 2_000])
def test_cost_grows_with_the_length_of_a_hostile_text_alone(text):
    def cost(body):
        began = process_time()
        match_entities("", body)
        return process_time() - began

    cost(text)
    assert min(cost(text) / cost(text[: len(text) // 2]) for _ in range(7)) < 3


# But for shadda, damma and tanwin, which part عمّان, قُطر and كوبًا from عمان, قطر and كوبا.
@given(headline=TEXTS, body=TEXTS, sign=st.sampled_from(["ـ", "\u064e", "\u0650", "\u0652", "\u200c", "ـ\u0652"]))
def test_lengthened_letters_and_vowels_change_no_code(headline, body, sign):
    def spelled(text):
        return re.sub("(?<=[ء-غف-ي])(?=[ء-غف-ي])", sign, text)

    assert match_entities(spelled(headline), spelled(body))[:2] == match_entities(headline, body)[:2]


@pytest.mark.parametrize("text", ["إيران والأردن وآسيان", "أوكرانيا ومؤتمر الأمم المتحدة"])
def test_decomposed_letters_change_no_code(text):
    assert match_entities(unicodedata.normalize("NFD", text), "")[:2] == match_entities(text, "")[:2] != ([], [])
