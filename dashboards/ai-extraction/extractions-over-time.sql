-- Which stages wrote how many extractions over time?
SELECT
    time_bucket($resolution, recorded_timestamp) AS x,
    attributes->>'stage' AS stage,
    metric_increase(value, recorded_timestamp) AS extractions
FROM metrics
WHERE metric_name = 'extractions_created'
GROUP BY 1, 2
ORDER BY x
