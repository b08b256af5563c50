-- How many entities of each kind were {{ counted }} over time?
SELECT
    time_bucket($resolution, recorded_timestamp) AS x,
    regexp_replace(metric_name, '_{{ counted }}$', '') AS entity,
    metric_increase(value, recorded_timestamp) AS count
FROM metrics
WHERE metric_name IN ({% for entity in entities %}'{{ entity }}_{{ counted }}'{{ "" if loop.last else ", " }}{% endfor %})
GROUP BY 1, 2
ORDER BY x
