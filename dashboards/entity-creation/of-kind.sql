-- How many {{ entity }} were new and how many known over time, and what share was new?
WITH counted AS (
    SELECT
        time_bucket($resolution, recorded_timestamp) AS x,
        coalesce(metric_increase(value, recorded_timestamp)
            FILTER (WHERE metric_name = '{{ entity }}_created'), 0) AS created,
        coalesce(metric_increase(value, recorded_timestamp)
            FILTER (WHERE metric_name = '{{ entity }}_found'), 0) AS found
    FROM metrics
    WHERE metric_name IN ('{{ entity }}_created', '{{ entity }}_found')
    GROUP BY x
)
SELECT x, created, found, 100 * created / nullif(created + found, 0) AS percent_new
FROM counted
ORDER BY x
