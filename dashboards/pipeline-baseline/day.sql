-- How many tasks did each stage finish in the last 24 hours, and in the same hours of earlier weeks?
WITH stages(position, stage, title) AS (
    VALUES
    {%- for stage in stages %}
        ({{ loop.index }}, {{ stage.name | sql }}, {{ stage.title | sql }}){{ "" if loop.last else "," }}
    {%- endfor %}
),
finished AS (
    SELECT
        attributes->>'stage' AS stage,
        count(*) FILTER (WHERE start_timestamp >= now() - interval '1 day') AS today,
        count(*) FILTER (
            WHERE start_timestamp BETWEEN now() - interval '8 days' AND now() - interval '7 days'
        ) AS week_before,
        count(*) FILTER (
            WHERE start_timestamp BETWEEN now() - interval '15 days' AND now() - interval '14 days'
        ) AS two_weeks_before
    FROM records
    WHERE attributes->>'outcome' = 'succeeded'
    GROUP BY 1
)
SELECT
    stages.title AS stage,
    coalesce(today, 0) AS today,
    coalesce(week_before, 0) AS week_before,
    coalesce(two_weeks_before, 0) AS two_weeks_before,
    200.0 * today / nullif(week_before + two_weeks_before, 0) AS percent_of_usual
FROM stages
LEFT JOIN finished ON finished.stage = stages.stage
ORDER BY stages.position
LIMIT 50
