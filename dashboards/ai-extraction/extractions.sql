-- Which stages wrote how many extractions?
SELECT
    attributes->>'stage' AS stage,
    metric_increase(value, recorded_timestamp) AS extractions
FROM metrics
WHERE metric_name = 'extractions_created'
GROUP BY 1
ORDER BY extractions DESC
LIMIT 50
