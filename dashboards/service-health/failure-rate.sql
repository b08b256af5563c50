-- How many attempts of each service failed, what share is that, and how long do they take?
WITH attempts AS (
    SELECT
        attributes->>'service' AS service,
        coalesce(metric_increase(value, recorded_timestamp)
            FILTER (WHERE metric_name = 'task_failed'), 0) AS failures,
        coalesce(metric_increase(value, recorded_timestamp)
            FILTER (WHERE metric_name = 'task_succeeded'), 0) AS successes,
        coalesce(metric_increase(value, recorded_timestamp)
            FILTER (WHERE metric_name = 'task_failed' AND attributes->>'outcome' = 'retried'), 0) AS retries
    FROM metrics
    WHERE metric_name IN ('task_failed', 'task_succeeded')
        AND attributes->>'service' = ANY($service::text[])
    GROUP BY 1
),
durations AS (
    SELECT
        attributes->>'service' AS service,
        metric_quantile(0.5, value) AS p50_ms,
        metric_quantile(0.95, value) AS p95_ms,
        metric_quantile(0.99, value) AS p99_ms
    FROM metrics
    WHERE metric_name = 'processing_duration_ms'
        AND attributes->>'service' = ANY($service::text[])
    GROUP BY 1
)
SELECT
    attempts.service,
    failures,
    successes,
    100 * failures / nullif(failures + successes, 0) AS failure_rate,
    retries,
    p50_ms,
    p95_ms,
    p99_ms
FROM attempts
LEFT JOIN durations ON durations.service = attempts.service
ORDER BY failure_rate DESC, attempts.service
LIMIT 50
