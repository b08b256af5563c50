-- Which kinds were the new entities of?
SELECT
    regexp_replace(metric_name, '_(found|created)$', '') AS entity,
    metric_increase(value, recorded_timestamp) AS created
FROM metrics
WHERE metric_name IN ({% for entity in entities %}'{{ entity }}_created'{{ "" if loop.last else ", " }}{% endfor %})
GROUP BY 1
ORDER BY created DESC
LIMIT 50
