-- What did each model cost over time, in US dollars?
SELECT
    time_bucket($resolution, start_timestamp) AS x,
    attributes->>'gen_ai.request.model' AS model,
    coalesce(sum((attributes->>'operation.cost')::double), 0) AS cost
FROM records
WHERE attributes->>'gen_ai.operation.name' = 'chat'
GROUP BY 1, 2
ORDER BY x
