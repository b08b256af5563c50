-- What percentage of the attempts of the chosen services succeeded?
WITH attempts AS (
    SELECT
        coalesce(metric_increase(value, recorded_timestamp)
            FILTER (WHERE metric_name = 'task_succeeded'), 0) AS succeeded,
        coalesce(metric_increase(value, recorded_timestamp)
            FILTER (WHERE metric_name = 'task_failed'), 0) AS failed
    FROM metrics
    WHERE metric_name IN ('task_succeeded', 'task_failed')
        AND attributes->>'service' = ANY($service::text[])
)
SELECT 100 * succeeded / nullif(succeeded + failed, 0) AS success_rate
FROM attempts
