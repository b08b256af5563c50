-- Did calls of models cost more than 1 dollar in the last hour, and three times as much as usual?
WITH calls AS (
    SELECT
        start_timestamp >= now() - interval '1 hour' AS is_recent,
        (attributes->>'operation.cost')::double AS cost,
        attributes->>'gen_ai.request.model' AS model,
        trace_id
    FROM records
    WHERE attributes->>'gen_ai.operation.name' = 'chat'
),
costs AS (
    SELECT
        count(*) FILTER (WHERE is_recent) AS calls,
        coalesce(sum(cost) FILTER (WHERE is_recent), 0) AS cost,
        coalesce(sum(cost) FILTER (WHERE NOT is_recent), 0) / 23 AS usual_cost,
        last_value(model ORDER BY coalesce(cost, 0)) FILTER (WHERE is_recent) AS dearest_model,
        last_value(trace_id ORDER BY coalesce(cost, 0)) FILTER (WHERE is_recent) AS trace_id
    FROM calls
)
SELECT cost, usual_cost, calls, dearest_model, trace_id
FROM costs
WHERE cost > 1
    AND cost > 3 * usual_cost
