-- Of which stages did fewer attempts succeed in the last 30 minutes than 80 %, and than before?
WITH attempts AS (
    SELECT
        attributes->>'stage' AS stage,
        start_timestamp >= now() - interval '30 minutes' AS is_recent,
        attributes->>'outcome' = 'succeeded' AS is_success,
        start_timestamp,
        trace_id
    FROM records
    WHERE attributes->>'outcome' IN ('succeeded', 'failed', 'retried', 'dead_lettered')
),
rates AS (
    SELECT
        stage,
        count(*) FILTER (WHERE is_recent) AS attempts,
        100.0 * count(*) FILTER (WHERE is_recent AND is_success)
            / nullif(count(*) FILTER (WHERE is_recent), 0) AS success_rate,
        100.0 * count(*) FILTER (WHERE NOT is_recent AND is_success)
            / nullif(count(*) FILTER (WHERE NOT is_recent), 0) AS rate_before,
        last_value(trace_id ORDER BY start_timestamp)
            FILTER (WHERE is_recent AND NOT is_success) AS trace_id
    FROM attempts
    GROUP BY stage
)
SELECT stage, attempts, success_rate, rate_before, trace_id
FROM rates
WHERE attempts >= 10
    AND success_rate < 80
    AND success_rate <= coalesce(rate_before, 100) - 10
ORDER BY success_rate
LIMIT 20
