{# The generation of the corpus. Of another one all positions are new, so a table of the old one is not added to. #}
{% macro generation() %}{{ return(adapter.dispatch('generation', 'alqahira')()) }}{% endmacro %}

{% macro default__generation() %}{{ return(var('generation', 1)) }}{% endmacro %}

{% macro duckdb__generation() %}
{{ return(run_query('select max(generation) from ' ~ source('alqahira', 'parts')).columns[0].values()[0] if execute) }}
{% endmacro %}

{# The last checkpoint of the manifest: of a corpus that was restored from a backup, it is another one. #}
{% macro checkpoint() %}{{ return(adapter.dispatch('checkpoint', 'alqahira')()) }}{% endmacro %}

{% macro default__checkpoint() %}{{ return(var('checkpoint', '')) }}{% endmacro %}

{% macro duckdb__checkpoint() %}
{{ return(run_query('select checkpoints[-1] from ' ~ alqahira.manifest()).columns[0].values()[0] if execute) }}
{% endmacro %}

{% macro manifest() %}{{ return("read_json('" ~ var('output') ~ "/_manifest.json', maximum_object_size = 1073741824)") }}{% endmacro %}

{# Whether the manifest has a checkpoint that a table was loaded up to; only DuckDB reads the manifest. #}
{% macro is_continued(checkpoint) %}{{ return(adapter.dispatch('is_continued', 'alqahira')(checkpoint)) }}{% endmacro %}

{% macro default__is_continued(checkpoint) %}{{ return(true) }}{% endmacro %}

{% macro duckdb__is_continued(checkpoint) %}
{{ return(run_query("select list_contains(checkpoints, '" ~ checkpoint ~ "') from " ~ alqahira.manifest()).columns[0].values()[0]) }}
{% endmacro %}

{% macro refuse_another_corpus() %}
{%- if execute and is_incremental() -%}
    {%- set known = run_query('select max(generation) from ' ~ this).columns[0].values()[0] -%}
    {%- if known is not none and known | int != alqahira.generation() | int -%}
        {{ exceptions.raise_compiler_error('the corpus is of generation ' ~ alqahira.generation() ~ ', and ' ~ this ~ ' of ' ~ known ~ ': load it anew with --full-refresh') }}
    {%- endif -%}
    {%- set loaded = run_query('select checkpoint from ' ~ this ~ ' order by position desc nulls last limit 1').columns[0].values() -%}
    {%- if loaded and not alqahira.is_continued(loaded[0]) -%}
        {{ exceptions.raise_compiler_error('the corpus does not continue what ' ~ this ~ ' has (a backup was restored): load it anew with --full-refresh') }}
    {%- endif -%}
{%- endif -%}
{% endmacro %}
