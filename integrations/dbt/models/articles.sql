-- One row for each article, its highest revision; a run takes the lines whose position is new.
{{ config(materialized='incremental', unique_key='article_id', on_schema_change='append_new_columns') }}
{{ alqahira.refuse_another_corpus() }}

with lines as (
    {{ alqahira.new_lines() }}
),

ranked as (
    select *, row_number() over (partition by article_id order by revision desc) as place
    from lines
)

select {{ alqahira.columns() | join(', ') }}, {{ alqahira.generation() }} as generation, '{{ alqahira.checkpoint() }}' as checkpoint
from ranked
where place = 1
{% if is_incremental() %}
-- A revision may be published after its successor.
and not exists (
    select 1 from {{ this }} as known
    where known.article_id = ranked.article_id and known.revision >= ranked.revision
)
{% endif %}
