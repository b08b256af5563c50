-- Which stages took more than 5 seconds in the last 30 minutes, and three times as long as before?
WITH durations AS (
    SELECT
        attributes->>'stage' AS stage,
        count(*) FILTER (WHERE start_timestamp >= now() - interval '30 minutes') AS runs,
        approx_percentile_cont(duration, 0.95)
            FILTER (WHERE start_timestamp >= now() - interval '30 minutes') AS p95,
        approx_percentile_cont(duration, 0.95)
            FILTER (WHERE start_timestamp < now() - interval '30 minutes') AS p95_before,
        last_value(trace_id ORDER BY duration)
            FILTER (WHERE start_timestamp >= now() - interval '30 minutes') AS trace_id
    FROM records
    WHERE attributes->>'outcome' IS NOT NULL
    GROUP BY 1
)
SELECT stage, runs, p95, p95_before, trace_id
FROM durations
WHERE runs >= 10
    AND p95 > 5
    AND p95 > 3 * p95_before
ORDER BY p95 DESC
LIMIT 20
