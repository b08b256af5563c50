-- How many tasks failed for good over time, by {{ by.title }}?
SELECT
    time_bucket($resolution, recorded_timestamp) AS x,
    attributes->>{{ by.attribute | sql }} AS {{ by.column }},
    metric_increase(value, recorded_timestamp) AS dead_letters
FROM metrics
WHERE metric_name = 'tasks_dead_lettered'
    AND attributes->>'stage' = ANY($stage::text[])
GROUP BY 1, 2
ORDER BY x
