-- How many entities of each kind were found and created, and what share was new?
WITH counted AS (
    SELECT
        regexp_replace(metric_name, '_(found|created)$', '') AS entity,
        coalesce(metric_increase(value, recorded_timestamp)
            FILTER (WHERE metric_name LIKE '%_found'), 0) AS found,
        coalesce(metric_increase(value, recorded_timestamp)
            FILTER (WHERE metric_name LIKE '%_created'), 0) AS created
    FROM metrics
    WHERE metric_name IN ({% for entity in entities %}'{{ entity }}_found', '{{ entity }}_created'{{ "" if loop.last else ", " }}{% endfor %})
    GROUP BY 1
)
SELECT entity, found, created, 100 * created / nullif(found + created, 0) AS percent_new
FROM counted
ORDER BY entity
LIMIT 50
