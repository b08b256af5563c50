-- Which tasks failed for good last, why, and in which trace?
SELECT
    start_timestamp,
    attributes->>'stage' AS stage,
    attributes->>'error.type' AS error_type,
    exception_message,
    (attributes->>'attempt')::int AS attempt,
    attributes->>'messaging.message.id' AS task,
    trace_id
FROM records
WHERE attributes->>'outcome' = 'dead_lettered'
    AND attributes->>'stage' = ANY($stage::text[])
ORDER BY start_timestamp DESC
LIMIT 100
