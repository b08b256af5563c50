-- Which errors are the dead letters of? The most frequent comes last: bars grow upwards.
WITH errors AS (
    SELECT
        attributes->>'error.type' AS error_type,
        metric_increase(value, recorded_timestamp) AS dead_letters
    FROM metrics
    WHERE metric_name = 'tasks_dead_lettered'
        AND attributes->>'stage' = ANY($stage::text[])
    GROUP BY 1
    ORDER BY dead_letters DESC
    LIMIT 20
)
SELECT error_type, dead_letters
FROM errors
ORDER BY dead_letters
LIMIT 20
