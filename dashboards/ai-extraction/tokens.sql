-- How many tokens went into models and came out of them over time?
SELECT
    time_bucket($resolution, start_timestamp) AS x,
    coalesce(sum((attributes->>'gen_ai.usage.input_tokens')::bigint), 0) AS input_tokens,
    coalesce(sum((attributes->>'gen_ai.usage.output_tokens')::bigint), 0) AS output_tokens
FROM records
WHERE attributes->>'gen_ai.operation.name' = 'chat'
GROUP BY x
ORDER BY x
