-- How long did the slowest twentieth of each service's runs take at least, over time?
SELECT
    time_bucket($resolution, recorded_timestamp) AS x,
    attributes->>'service' AS service,
    metric_quantile(0.95, value) AS p95
FROM metrics
WHERE metric_name = 'processing_duration_ms'
    AND attributes->>'service' = ANY($service::text[])
GROUP BY 1, 2
ORDER BY x
