-- How many calls of each model failed over time?
SELECT
    time_bucket($resolution, start_timestamp) AS x,
    attributes->>'gen_ai.request.model' AS model,
    count(*) FILTER (WHERE level >= 'error') AS failed
FROM records
WHERE attributes->>'gen_ai.operation.name' = 'chat'
GROUP BY 1, 2
ORDER BY x
