{# The generation of the corpus. Of another one all positions are new, so a table of the old one is not added to. #}
{% macro generation() %}{{ return(adapter.dispatch('generation', 'alqahira')()) }}{% endmacro %}

{% macro default__generation() %}{{ return(var('generation', 1)) }}{% endmacro %}

{% macro duckdb__generation() %}
{{ return(run_query('select max(generation) from ' ~ source('alqahira', 'parts')).columns[0].values()[0] if execute) }}
{% endmacro %}

{% macro refuse_another_generation() %}
{%- if execute and is_incremental() -%}
    {%- set known = run_query('select max(generation) from ' ~ this).columns[0].values()[0] -%}
    {%- if known is not none and known | int != alqahira.generation() | int -%}
        {{ exceptions.raise_compiler_error('the corpus is of generation ' ~ alqahira.generation() ~ ', and ' ~ this ~ ' of ' ~ known ~ ': load it anew with --full-refresh') }}
    {%- endif -%}
{%- endif -%}
{% endmacro %}
