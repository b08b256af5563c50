-- Which stages are slowest? The slowest comes last: bars grow upwards.
WITH slowest AS (
    SELECT
        attributes->>'stage' AS stage,
        metric_quantile(0.95, value) AS p95_ms
    FROM metrics
    WHERE metric_name = 'processing_duration_ms'
        AND attributes->>'service' = ANY($service::text[])
    GROUP BY 1
    ORDER BY p95_ms DESC
    LIMIT 20
)
SELECT stage, p95_ms
FROM slowest
ORDER BY p95_ms
LIMIT 20
