-- Which errors came last, and in which traces? Of services that are none of the pipeline's, all.
SELECT
    start_timestamp,
    coalesce(attributes->>'service', service_name) AS service,
    span_name,
    attributes->>'outcome' AS outcome,
    exception_type,
    coalesce(exception_message, otel_status_message, message) AS message,
    trace_id
FROM records
WHERE level >= 'error'
    AND (
        coalesce(attributes->>'service', service_name) = ANY($service::text[])
        OR coalesce(attributes->>'service', service_name) NOT IN ({{ services | sql_list }})
    )
ORDER BY start_timestamp DESC
LIMIT 50
