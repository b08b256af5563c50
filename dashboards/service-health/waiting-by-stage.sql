-- How long do tasks of each stage wait between their making and their first attempt, in seconds?
WITH waits AS (
    SELECT
        attempts.attributes->>'stage' AS stage,
        EXTRACT(EPOCH FROM attempts.start_timestamp - makings.end_timestamp) AS seconds
    FROM records AS attempts
    JOIN records AS makings
        ON makings.trace_id = attempts.trace_id
        AND makings.span_id = attempts.parent_span_id
    WHERE (attempts.attributes->>'attempt')::int = 1
        AND attempts.attributes->>'service' = ANY($service::text[])
)
SELECT
    stage,
    count(*) AS tasks,
    approx_percentile_cont(seconds, 0.5) AS p50,
    approx_percentile_cont(seconds, 0.95) AS p95,
    max(seconds) AS longest
FROM waits
GROUP BY stage
ORDER BY p95 DESC
LIMIT 50
