-- How long did runs of the chosen services take over time?
SELECT
    time_bucket($resolution, recorded_timestamp) AS x,
    metric_quantile(0.5, value) AS p50,
    metric_quantile(0.95, value) AS p95,
    metric_quantile(0.99, value) AS p99
FROM metrics
WHERE metric_name = 'processing_duration_ms'
    AND attributes->>'service' = ANY($service::text[])
GROUP BY x
ORDER BY x
