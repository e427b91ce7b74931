"""Settings are checked before anything starts; a wrong one is one clear line."""

import re
from pathlib import Path

import pytest
from scrapy.settings import Settings

from alqahira import settings
from alqahira.exceptions import ConfigurationError
from alqahira.settings import types
from alqahira.settings.configuration import DEFAULTS, NAMES, Configuration
from alqahira.settings.state_url import read_state_url
from alqahira.settings.types import local_path, make_folder

PROJECT = Path(__file__).parents[2]


def configured(**given):
    scrapys = Settings()
    scrapys.setmodule(settings, priority="project")
    scrapys.setdict(given, priority="cmdline")
    return Configuration.from_settings(scrapys)


def refusal(**given):
    with pytest.raises(ConfigurationError) as raised:
        configured(**given)
    assert raised.value.exit_status == 2
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize(
    ("url", "root"),
    [
        ("https://alqaheranews.net", "https://alqaheranews.net"),
        ("https://Alqaheranews.net/", "https://alqaheranews.net"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://مثال.example:80", "http://xn--mgbh0fb.example:80"),
    ],
)
def test_site_url_is_its_root(url, root):
    assert configured(ALQAHIRA_SITE_URL=url).site_url == root


@pytest.mark.parametrize(
    "url",
    [
        "",
        "alqaheranews.net",
        "ftp://a.b",
        "https://",
        "http://a b",
        "http://a:b",
        "http://a/b",
        "http://[x",
        "x",
        f"http://{'م' * 70}",
    ],
)
def test_site_url_of_another_form_is_refused(url):
    assert refusal(ALQAHIRA_SITE_URL=url).startswith("ALQAHIRA_SITE_URL=")


@pytest.mark.parametrize("contact", ["desk@example.org\nX-Header: 1", "a\rb", "a\tb", "a" * 201])
def test_contact_that_fits_no_header_is_refused(contact):
    assert refusal(ALQAHIRA_USER_AGENT_CONTACT=contact).endswith("is not one line of at most 200 characters")
    assert configured(ALQAHIRA_USER_AGENT_CONTACT="a" * 200).user_agent_contact == "a" * 200


@pytest.mark.parametrize("name", ["ALQAHIRA_OUTPUT_DIR", "ALQAHIRA_METRICS_DIR"])
@pytest.mark.parametrize("folder", ["s3://bucket/corpus", "gs://me:hunter2@bucket", "abfss://a@b/c", "file:///srv"])
def test_folder_in_an_object_store_is_refused(name, folder):
    refused = refusal(**{name: folder})
    assert refused.endswith("is not a folder of this machine: write to one, and copy it as docs/object-stores.md shows")
    assert "hunter2" not in refused


@pytest.mark.parametrize("folder", ["", " ", "~nobody-of-that-name/x"])
def test_folder_that_is_none_is_refused(folder):
    assert refusal(ALQAHIRA_OUTPUT_DIR=folder).startswith(f"ALQAHIRA_OUTPUT_DIR={folder!r} ")
    with pytest.raises(ConfigurationError, match="is not known"):
        local_path("~nobody-of-that-name/x")


def test_state_in_the_home_folder_of_nobody_is_refused():
    assert refusal(ALQAHIRA_STATE_URL="sqlite:///~nobody-of-that-name/x").startswith("ALQAHIRA_STATE_URL is in ")


@pytest.mark.parametrize(
    ("setting", "refused"),
    [
        ({"CONCURRENT_ITEMS": "abc"}, "CONCURRENT_ITEMS='abc' is not a whole number"),
        ({"COOKIES_ENABLED": "maybe"}, "COOKIES_ENABLED='maybe' is neither true nor false"),
        ({"LOGSTATS_INTERVAL": "1,5"}, "LOGSTATS_INTERVAL='1,5' is not a number"),
    ],
)
def test_flag_or_number_of_scrapys_own_that_is_none_is_refused(setting, refused):
    assert refusal(**setting) == refused


def test_reactor_of_another_kind_is_refused():
    other = "twisted.internet.selectreactor.SelectReactor"
    assert refusal(TWISTED_REACTOR=other).startswith(f"TWISTED_REACTOR={other!r} is not one of twisted.internet.async")


def test_setting_of_another_project_is_none_of_ours():
    assert configured(DOWNLOAD_DELY="1", MYEXT_ARCHIVE="1", OUTPUT_DIR="x").archive is False


@pytest.mark.parametrize("folder", ["", " "])
def test_empty_output_folder_is_refused(folder):
    assert refusal(ALQAHIRA_OUTPUT_DIR=folder).endswith("is empty: name a folder")
    assert configured(ALQAHIRA_METRICS_DIR="").metrics_dir == configured().metrics_dir, "empty: the default"


def test_choice_is_case_insensitive():
    assert configured(ALQAHIRA_NEAR_DUPLICATES="Mark").near_duplicates == "mark"


@pytest.mark.parametrize("value", ["true", "True", "1", True, 1])
def test_flag_is_read_as_scrapy_reads_one(value):
    assert configured(ALQAHIRA_ARCHIVE=value).archive is True
    assert configured(ALQAHIRA_ARCHIVE="0").archive is False


def test_refusal_is_short_and_shows_no_secret():
    assert "hunter2" not in refusal(ALQAHIRA_SITE_URL="http://me:hunter2@example.org/x")
    assert "hunter2" not in refusal(ALQAHIRA_STATE_URL="mysql://me:hunter2@example.org/x")
    assert len(refusal(ALQAHIRA_OVERLAP="9" * 10_000)) < 200


@pytest.mark.postgres
def test_repr_shows_no_secret():
    shown = repr(configured(ALQAHIRA_STATE_URL="postgresql://me:hunter2@example.org/x"))
    assert "hunter2" not in shown
    assert "site_url" in shown


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ALQAHIRA_COMPRES_PARTS", "ALQAHIRA_COMPRES_PARTS is not a setting; did you mean ALQAHIRA_COMPRESS_PARTS?"),
        ("ALQAHIRA_OVERLAPS", "did you mean ALQAHIRA_OVERLAP?"),
        (" ALQAHIRA_OVERLAP", "did you mean ALQAHIRA_OVERLAP?"),
        ("alqahira_overlap", "did you mean ALQAHIRA_OVERLAP?"),
        ("ALQAHRA_COMPRESS_PARTS", "did you mean ALQAHIRA_COMPRESS_PARTS?"),
        ("ALQAHIRA_ZZZZ", "did you mean ALQAHIRA_"),
        ("ALQAHIRA_X\nROBOTSTXT_OBEY", r"ALQAHIRA_X\nROBOTSTXT_OBEY is not a setting"),
        ("ALQAHIRA_MAX_LOAD_MORE_CLICKS", "is no longer a setting: one press teaches the request"),
    ],
)
def test_unknown_name_is_refused_with_nearest_or_replacement(name, message):
    assert message in refusal(**{name: "1"})


def test_none_is_the_default():
    assert configured(ALQAHIRA_OVERLAP=None).overlap == 5


def test_every_number_has_bounds():
    for name, field in Configuration.model_fields.items():
        if field.annotation in (int, float):
            assert all(any(hasattr(m, end) for m in field.metadata) for end in ("ge", "le")), name


def test_field_without_description_is_a_setting_of_scrapy():
    others = {name for name in NAMES.values() if name not in DEFAULTS}
    assert others <= Settings().keys()


def test_readme_gives_the_defaults():
    rows = re.findall(
        r"^\| `(ALQAHIRA_\w+)` \| (?:`([^`|]*)`)?([^|]*)\|", (PROJECT / "README.md").read_text("utf-8"), re.M
    )
    assert len(rows) > 10
    for name, printed, more in rows:
        assert name in DEFAULTS
        if not more.strip():  # "in the output folder"
            default = DEFAULTS[name]
            assert printed == (f"{default:g}" if isinstance(default, float) else str(default).replace("False", "false"))


def test_relative_folder_is_below_scrapy_cfg(tmp_path, monkeypatch):
    (tmp_path / "scrapy.cfg").write_text("")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "er")
    given = configured(ALQAHIRA_OUTPUT_DIR="out", ALQAHIRA_STATE_URL="sqlite:///out/x.db", ALQAHIRA_METRICS_DIR="/m")
    assert given.output_dir == tmp_path / "out"
    assert given.state_url == f"sqlite:///{tmp_path}/out/x.db"
    assert given.metrics_dir == Path("/m")
    assert configured().state_url == f"sqlite:///{tmp_path}/output/state.db"
    assert configured().metrics_dir == tmp_path / "output" / "metrics"


@pytest.mark.parametrize("name", ["a b", "#1", "100%", "50%25", "50%3F", "why?", "why?x=y&z", "أخبار", "a'b"])
def test_default_state_stands_in_the_output_folder_whatever_its_name(name, tmp_path):
    folder = tmp_path / name
    url = configured(ALQAHIRA_OUTPUT_DIR=str(folder)).state_url
    assert read_state_url(url).database == str(folder / "state.db")
    assert configured(ALQAHIRA_STATE_URL=url).state_url == url


def test_options_of_a_state_in_a_file_are_kept():
    assert configured(ALQAHIRA_STATE_URL="sqlite:////srv/x.db?timeout=9").state_url == "sqlite:////srv/x.db?timeout=9"


def test_relative_folder_outside_projects_is_below_checkout(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert configured().output_dir == PROJECT / "output"


def test_relative_folder_of_egg_is_below_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(types, "__file__", str(tmp_path / "alqahira-1.egg" / "alqahira" / "types.py"))
    assert configured().output_dir.absolute() == tmp_path / "output"


def test_folder_is_made_and_left_clean(tmp_path):
    make_folder(tmp_path / "a" / "b", "X")
    assert not list((tmp_path / "a" / "b").iterdir())


@pytest.mark.parametrize("name", ["file/below", "nul\0byte"])
def test_folder_that_cannot_be_written_is_refused(tmp_path, name):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match=r"^X=.*cannot be written"):
        make_folder(tmp_path / name, "X")
