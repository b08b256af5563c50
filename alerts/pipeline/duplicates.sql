-- Of which kinds of entities is the share of new ones 30 points higher in the last day than before?
WITH counted AS (
    SELECT
        regexp_replace(metric_name, '_(found|created)$', '') AS entity,
        coalesce(metric_increase(value, recorded_timestamp) FILTER (
            WHERE metric_name LIKE '%_created' AND recorded_timestamp >= now() - interval '1 day'
        ), 0) AS created,
        coalesce(metric_increase(value, recorded_timestamp) FILTER (
            WHERE recorded_timestamp >= now() - interval '1 day'
        ), 0) AS counted,
        coalesce(metric_increase(value, recorded_timestamp) FILTER (
            WHERE metric_name LIKE '%_created' AND recorded_timestamp < now() - interval '1 day'
        ), 0) AS created_before,
        coalesce(metric_increase(value, recorded_timestamp) FILTER (
            WHERE recorded_timestamp < now() - interval '1 day'
        ), 0) AS counted_before
    FROM metrics
    WHERE metric_name IN ({% for entity in entities %}'{{ entity }}_found', '{{ entity }}_created'{{ "" if loop.last else ", " }}{% endfor %})
    GROUP BY 1
),
shares AS (
    SELECT
        entity,
        created,
        counted,
        counted_before,
        100 * created / nullif(counted, 0) AS percent_new,
        100 * created_before / nullif(counted_before, 0) AS percent_new_before
    FROM counted
)
SELECT entity, created, counted - created AS found, percent_new, percent_new_before
FROM shares
WHERE created >= 20
    AND counted_before >= 100
    AND percent_new >= percent_new_before + 30
ORDER BY percent_new DESC
LIMIT 20
