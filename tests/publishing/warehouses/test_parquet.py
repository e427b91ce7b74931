"""`scrapy export --format parquet`: the same records as in JSON Lines, in the record's types."""

import os
import sys

import pytest
from scrapy_process import scrapy

from alqahira.article import from_record, to_json_line, to_record
from alqahira.publishing.manifest import read_corpus
from alqahira.publishing.parquet import arrow_schema

pytestmark = pytest.mark.warehouse


def export(corpus, *arguments, **environment):
    return scrapy("export", *arguments, settings={"ALQAHIRA_STATE_URL": corpus.state_url}, **environment)


def test_parquet_file_has_the_records_of_the_lines(awkward, tmp_path):
    import pyarrow.parquet

    target = tmp_path / "articles.parquet"
    ran = export(awkward, "--format", "parquet", "-o", str(target))
    assert (ran.status, ran.lines) == (0, [])
    table = pyarrow.parquet.read_table(target)
    rows = [to_json_line(to_record(from_record(row))) for row in table.to_pylist()]
    assert sorted(rows) == sorted(map(to_json_line, read_corpus(awkward.whole)))
    assert [path.name for path in tmp_path.iterdir()] == ["articles.parquet"]


def test_parquet_columns_have_types_descriptions_and_compression(awkward, tmp_path):
    import pyarrow.parquet

    target = tmp_path / "articles.parquet"
    export(awkward, "--format", "parquet", "-o", str(target))
    written = pyarrow.parquet.ParquetFile(target)
    assert written.schema_arrow.names == arrow_schema().names
    assert str(written.schema_arrow.field("date_published").type) == "timestamp[ms, tz=UTC]"  # Parquet has no seconds
    assert not written.schema_arrow.field("article_id").nullable
    assert written.schema_arrow.field("headline").metadata[b"description"] == b"The headline as printed."
    assert written.metadata.row_group(0).column(0).compression == "ZSTD"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "parquet"], "needs a file: -o FILE"),
        (["--format", "parquet", "-o", "/dev/null/x.parquet"], "/dev/null/x.parquet cannot be written"),
    ],
)
def test_wrong_option_is_one_line_and_status_2(awkward, arguments, message):
    ran = export(awkward, *arguments)
    assert ran.status == 2
    assert len(ran.lines) == 1
    assert message in ran.lines[0]


def test_missing_pyarrow_is_refused_and_lines_are_written(awkward, tmp_path):
    # A module of that name that cannot be imported shadows the installed one.
    (tmp_path / "pyarrow.py").write_text("raise ImportError('not here')\n")
    hidden = {"PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, sys.path)])}
    ran = export(awkward, "--format", "parquet", "-o", str(tmp_path / "x.parquet"), **hidden)
    assert ran.status == 2
    install = "make install EXTRA=arrow"
    assert ran.lines == [f"alqahira: Parquet needs the extra `arrow`: {install}"]
    assert len(export(awkward, **hidden).stdout.split("\n")) == len(list(read_corpus(awkward.whole))) + 1
