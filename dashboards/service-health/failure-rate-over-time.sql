-- What percentage of each service's attempts failed over time?
WITH attempts AS (
    SELECT
        time_bucket($resolution, recorded_timestamp) AS x,
        attributes->>'service' AS service,
        coalesce(metric_increase(value, recorded_timestamp)
            FILTER (WHERE metric_name = 'task_failed'), 0) AS failures,
        coalesce(metric_increase(value, recorded_timestamp)
            FILTER (WHERE metric_name = 'task_succeeded'), 0) AS successes
    FROM metrics
    WHERE metric_name IN ('task_failed', 'task_succeeded')
        AND attributes->>'service' = ANY($service::text[])
    GROUP BY 1, 2
)
SELECT x, service, 100 * failures / nullif(failures + successes, 0) AS failure_rate
FROM attempts
ORDER BY x
