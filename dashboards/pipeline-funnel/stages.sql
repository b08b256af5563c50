-- How many scraped pages finished each stage? The last stage comes first: bars grow upwards.
WITH stages(position, stage, title) AS (
    VALUES
    {%- for stage in stages %}
        ({{ loop.index }}, {{ stage.name | sql }}, {{ stage.title | sql }}){{ "" if loop.last else "," }}
    {%- endfor %}
),
finished AS (
    SELECT trace_id, attributes->>'stage' AS stage, attributes ? 'scrapes_created' AS is_scrape
    FROM records
    WHERE attributes->>'outcome' = 'succeeded'
),
scraped AS (SELECT trace_id FROM finished WHERE is_scrape)
SELECT stages.title AS stage, count(DISTINCT finished.trace_id) AS pages
FROM stages
LEFT JOIN finished
    ON finished.stage = stages.stage
    AND finished.trace_id IN (SELECT trace_id FROM scraped)
GROUP BY stages.position, stages.title
ORDER BY stages.position DESC
LIMIT 50
