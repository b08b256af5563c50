-- How many attempts of each service failed and are tried again, over time?
SELECT
    time_bucket($resolution, recorded_timestamp) AS x,
    attributes->>'service' AS service,
    metric_increase(value, recorded_timestamp) AS retries
FROM metrics
WHERE metric_name = 'task_failed'
    AND attributes->>'outcome' = 'retried'
    AND attributes->>'service' = ANY($service::text[])
GROUP BY 1, 2
ORDER BY x
