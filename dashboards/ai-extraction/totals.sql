-- How many calls of models were there, how many failed, and what did they take?
SELECT
    count(*) AS calls,
    count(*) FILTER (WHERE level >= 'error') AS failed,
    coalesce(sum((attributes->>'gen_ai.usage.input_tokens')::bigint), 0) AS input_tokens,
    coalesce(sum((attributes->>'gen_ai.usage.output_tokens')::bigint), 0) AS output_tokens,
    coalesce(sum((attributes->>'operation.cost')::double), 0) AS cost
FROM records
WHERE attributes->>'gen_ai.operation.name' = 'chat'
