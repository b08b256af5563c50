-- Of which stages were more than a fifth of the attempts failures that are tried again?
SELECT
    attributes->>'stage' AS stage,
    count(*) FILTER (WHERE attributes->>'outcome' = 'retried') AS retries,
    count(*) AS attempts,
    last_value(attributes->>'error.type' ORDER BY start_timestamp)
        FILTER (WHERE attributes->>'outcome' = 'retried') AS latest_error,
    last_value(trace_id ORDER BY start_timestamp)
        FILTER (WHERE attributes->>'outcome' = 'retried') AS trace_id
FROM records
WHERE attributes->>'outcome' IS NOT NULL
GROUP BY 1
HAVING count(*) FILTER (WHERE attributes->>'outcome' = 'retried') >= 10
    AND 5 * count(*) FILTER (WHERE attributes->>'outcome' = 'retried') > count(*)
ORDER BY retries DESC
LIMIT 20
