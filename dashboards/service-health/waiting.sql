-- How long did tasks wait between their making and their first attempt, over time?
SELECT
    time_bucket($resolution, attempts.start_timestamp) AS x,
    attempts.attributes->>'stage' AS stage,
    approx_percentile_cont(
        EXTRACT(EPOCH FROM attempts.start_timestamp - makings.end_timestamp), 0.95
    ) AS p95
FROM records AS attempts
JOIN records AS makings
    ON makings.trace_id = attempts.trace_id
    AND makings.span_id = attempts.parent_span_id
WHERE (attempts.attributes->>'attempt')::int = 1
    AND attempts.attributes->>'service' = ANY($service::text[])
GROUP BY 1, 2
ORDER BY x
