-- Of the scraped pages that finished a stage, how many finished one of the stages it hands to?
WITH edges(position, stage, title, next_stage) AS (
    VALUES
    {%- for stage in stages if stage.next %}
    {%- set last_stage = loop.last %}
    {%- for next in stage.next %}
        ({{ stages.index(stage) }}, {{ stage.name | sql }}, {{ stage.title | sql }}, {{ next | sql }}){{ "" if last_stage and loop.last else "," }}
    {%- endfor %}
    {%- endfor %}
),
finished AS (
    SELECT
        trace_id,
        attributes->>'stage' AS stage,
        bool_or(attributes ? 'scrapes_created') AS is_scrape
    FROM records
    WHERE attributes->>'outcome' = 'succeeded'
    GROUP BY 1, 2
),
pages AS (
    SELECT trace_id, stage
    FROM finished
    WHERE trace_id IN (SELECT trace_id FROM finished WHERE is_scrape)
)
SELECT
    edges.title AS stage,
    count(DISTINCT pages.trace_id) AS finished,
    count(DISTINCT onward.trace_id) AS went_on,
    100.0 * count(DISTINCT onward.trace_id) / count(DISTINCT pages.trace_id) AS conversion_rate
FROM edges
JOIN pages ON pages.stage = edges.stage
LEFT JOIN pages AS onward
    ON onward.trace_id = pages.trace_id
    AND onward.stage = edges.next_stage
GROUP BY edges.position, edges.title
ORDER BY edges.position
LIMIT 50
