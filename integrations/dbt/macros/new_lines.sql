{# The lines of the corpus that the model does not have yet, by their position: a query with the record's columns. #}
{% macro new_lines() %}{{ return(adapter.dispatch('new_lines', 'alqahira')()) }}{% endmacro %}

{# Any warehouse: from a table that holds the lines of the parts as they are. #}
{% macro default__new_lines() %}
select {{ alqahira.columns() | join(', ') }}
from {{ source('alqahira', 'lines') }}
{% if is_incremental() %}where position > (select coalesce(max(position), 0) from {{ this }}){% endif %}
{% endmacro %}

{# DuckDB: from the parts themselves, of which the manifest tells those that have something new. #}
{% macro duckdb__new_lines() %}
{%- set output = var('output') -%}
{%- set after = -1 -%}
{%- set files = [] -%}
{%- if execute -%}
    {%- if is_incremental() -%}
        {%- set after = run_query('select coalesce(max(position), 0) from ' ~ this).columns[0].values()[0] -%}
    {%- endif -%}
    {%- set parts -%}
        select path from {{ source('alqahira', 'parts') }} where last_position is null or last_position > {{ after }} order by sequence
    {%- endset -%}
    {%- for path in run_query(parts).columns[0].values() -%}{%- do files.append(output ~ '/' ~ path) -%}{%- endfor -%}
{%- endif -%}
{%- if files %}
select {{ alqahira.columns() | join(', ') }}
from read_json(
    {{ files }},
    format = 'newline_delimited', hive_partitioning = false, maximum_object_size = 67108864,
    columns = { {% for name, kind in alqahira.columns().items() %}{{ name }}: '{{ kind }}'{{ ', ' if not loop.last }}{% endfor %} }
)
where coalesce(position, 0) > {{ after }}
{%- elif is_incremental() or not execute %}
select {{ alqahira.columns() | join(', ') }} from {{ this }} where false
{%- else -%}
{{ exceptions.raise_compiler_error('the manifest in ' ~ output ~ ' lists no part') }}
{%- endif -%}
{% endmacro %}
