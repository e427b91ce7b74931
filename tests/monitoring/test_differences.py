"""Texts and fields of two revisions side by side."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alqahira.monitoring.report.served import differences
from alqahira.monitoring.report.served.differences import Passage, compare, compare_items


def marked(pieces):
    """The pieces as text, with brackets around what is changed."""
    return "".join(f"[{piece.text}]" if piece.is_changed else piece.text for piece in pieces)


def sides(passages):
    return [(marked(passage.before), marked(passage.after)) for passage in passages]


def test_words_that_differ_are_marked_on_both_sides():
    passages = compare("أعلن الوزير بدء المناورة اليوم", "أعلن القائد بدء المناورة غدا")
    assert sides(passages) == [("أعلن [الوزير ]بدء المناورة [اليوم]", "أعلن [القائد ]بدء المناورة [غدا]")]


def test_paragraph_that_was_added_stands_alone():
    passages = compare("أولى\n\nثالثة", "أولى\n\nثانية\n\nثالثة")
    assert sides(passages) == [("أولى", "أولى"), ("", "[ثانية]"), ("ثالثة", "ثالثة")]
    assert [passage.is_changed for passage in passages] == [False, True, False]


def test_changed_paragraphs_are_aligned_one_by_one():
    passages = compare("أ ب\n\nج د", "أ س\n\nج ص")
    assert sides(passages) == [("أ [ب]", "أ [س]"), ("ج [د]", "ج [ص]")]


def test_white_space_is_no_difference():
    assert not any(passage.is_changed for passage in compare("كلمة  أخرى", "كلمة أخرى"))


def test_items_of_a_list_are_compared_without_their_commas():
    passage = compare_items(["مصر، ", "الأمم المتحدة"], ["مصر، ", "الأمم المتحدة، ", "عاجل"], "،")
    assert sides([passage]) == [("مصر، الأمم المتحدة", "مصر، الأمم المتحدة، [عاجل]")]


def test_passage_too_long_to_compare_is_marked_as_a_whole(monkeypatch):
    monkeypatch.setattr(differences, "MOST_WORDS", 5)
    assert sides(compare("أ ب ج", "أ ب د")) == [("[أ ب ج]", "[أ ب د]")]


def test_text_of_too_many_paragraphs_is_one_passage(monkeypatch):
    monkeypatch.setattr(differences, "MOST_PARAGRAPHS", 2)
    assert len(compare("أ\n\nب\n\nج", "أ\n\nب\n\nد")) == 1


_PARAGRAPHS = st.lists(st.text("ابت ", min_size=1, max_size=12).filter(str.strip), max_size=6)


@given(_PARAGRAPHS, _PARAGRAPHS)
def test_each_side_is_its_text_and_equal_words_are_on_both(before, after):
    passages = compare("\n\n".join(before), "\n\n".join(after))
    for n, paragraphs in enumerate((before, after)):
        whole = ["".join(piece.text for piece in passage[n]) for passage in passages]
        assert "\n\n".join(text for text in whole if text) == "\n\n".join(paragraphs)
    assert words(passages, 0) == words(passages, 1)


def words(passages: list[Passage], side: int) -> list[str]:
    """The words of a side that are not marked."""
    pieces = (piece for passage in passages for piece in passage[side] if not piece.is_changed)
    return " ".join(piece.text for piece in pieces).split()
