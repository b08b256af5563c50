-- Which stages do the dead letters come from?
SELECT
    attributes->>'stage' AS stage,
    metric_increase(value, recorded_timestamp) AS dead_letters
FROM metrics
WHERE metric_name = 'tasks_dead_lettered'
    AND attributes->>'stage' = ANY($stage::text[])
GROUP BY 1
ORDER BY dead_letters DESC
LIMIT 50
