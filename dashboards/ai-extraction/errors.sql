-- Which calls of models failed last, why, and in which trace?
SELECT
    start_timestamp,
    attributes->>'gen_ai.request.model' AS model,
    exception_type,
    coalesce(exception_message, otel_status_message) AS message,
    duration,
    trace_id
FROM records
WHERE attributes->>'gen_ai.operation.name' = 'chat'
    AND level >= 'error'
ORDER BY start_timestamp DESC
LIMIT 50
