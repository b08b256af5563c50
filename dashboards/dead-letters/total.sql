-- How many tasks failed for good?
SELECT coalesce(metric_increase(value, recorded_timestamp), 0) AS dead_letters
FROM metrics
WHERE metric_name = 'tasks_dead_lettered'
    AND attributes->>'stage' = ANY($stage::text[])
