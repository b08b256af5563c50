-- Failed and succeeded attempts of each service in the last hour, and the share that failed.
WITH attempts AS (
    SELECT
        attributes->>'service' AS service,
        coalesce(metric_increase(value, recorded_timestamp)
            FILTER (WHERE metric_name = 'task_failed'), 0) AS failures,
        coalesce(metric_increase(value, recorded_timestamp)
            FILTER (WHERE metric_name = 'task_succeeded'), 0) AS successes
    FROM metrics
    WHERE metric_name IN ('task_failed', 'task_succeeded')
        AND recorded_timestamp >= now() - interval '1 hour'
    GROUP BY 1
)
SELECT
    service,
    failures,
    successes,
    100 * failures / nullif(failures + successes, 0) AS failure_rate
FROM attempts
ORDER BY failure_rate DESC, service
