"""Settings are checked before anything starts, each with one line that says what to write."""

import pytest

from alqahira.checks import check_choice, check_output_dir, check_site_url
from alqahira.errors import ConfigurationError


@pytest.mark.parametrize(
    ("url", "root"),
    [
        ("https://alqaheranews.net", "https://alqaheranews.net"),
        ("https://Alqaheranews.net/", "https://alqaheranews.net"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    ],
)
def test_a_site_is_its_root(url, root):
    assert check_site_url(url) == root


@pytest.mark.parametrize(
    "url", ["", "alqaheranews.net", "ftp://a.b", "https://", "http://a b", "http://a:b", "http://a/b", "http://[x", "x"]
)
def test_a_site_url_that_is_none_is_refused(url):
    with pytest.raises(ConfigurationError):
        check_site_url(url)


def test_a_choice_is_one_of_its_words():
    assert check_choice("X", "Drop", ("drop", "off")) == "drop"
    with pytest.raises(ConfigurationError, match="none of drop, off"):
        check_choice("X", "keep", ("drop", "off"))


def test_the_output_folder_is_made_and_left_clean(tmp_path):
    folder = check_output_dir(str(tmp_path / "a" / "b"))
    assert folder.is_dir()
    assert not list(folder.iterdir())


@pytest.mark.parametrize("name", ["file/below", "nul\0byte"])
def test_a_folder_that_cannot_be_written_is_refused(tmp_path, name):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        check_output_dir(str(tmp_path / name))
