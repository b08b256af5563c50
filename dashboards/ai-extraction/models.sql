-- What did each model do, take and cost?
SELECT
    attributes->>'gen_ai.request.model' AS model,
    count(*) AS calls,
    count(*) FILTER (WHERE level >= 'error') AS failed,
    coalesce(sum((attributes->>'gen_ai.usage.input_tokens')::bigint), 0) AS input_tokens,
    coalesce(sum((attributes->>'gen_ai.usage.output_tokens')::bigint), 0) AS output_tokens,
    coalesce(sum((attributes->>'operation.cost')::double), 0) AS cost,
    approx_percentile_cont(duration, 0.5) AS p50_seconds,
    approx_percentile_cont(duration, 0.95) AS p95_seconds
FROM records
WHERE attributes->>'gen_ai.operation.name' = 'chat'
GROUP BY 1
ORDER BY cost DESC, calls DESC
LIMIT 50
