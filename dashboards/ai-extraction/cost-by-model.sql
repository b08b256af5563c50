-- Which models cost most, in US dollars? The dearest comes last: bars grow upwards.
WITH models AS (
    SELECT
        attributes->>'gen_ai.request.model' AS model,
        coalesce(sum((attributes->>'operation.cost')::double), 0) AS cost
    FROM records
    WHERE attributes->>'gen_ai.operation.name' = 'chat'
    GROUP BY 1
    ORDER BY cost DESC
    LIMIT 20
)
SELECT model, cost
FROM models
ORDER BY cost
LIMIT 20
