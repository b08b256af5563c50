-- Which services had more than 10 errors in the window?
SELECT
    coalesce(attributes->>'service', service_name) AS service,
    count(*) AS errors,
    count(DISTINCT exception_type) AS kinds,
    last_value(exception_type ORDER BY start_timestamp) AS latest_error,
    last_value(trace_id ORDER BY start_timestamp) AS trace_id
FROM records
WHERE level >= 'error'
GROUP BY 1
HAVING count(*) > 10
ORDER BY errors DESC
LIMIT 20
