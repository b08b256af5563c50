-- Which stages and errors are the dead letters of, if there are more than 5 in the window?
WITH dead AS (
    SELECT
        attributes->>'stage' AS stage,
        attributes->>'error.type' AS error_type,
        count(*) AS dead_letters,
        last_value(trace_id ORDER BY start_timestamp) AS trace_id
    FROM records
    WHERE attributes->>'outcome' = 'dead_lettered'
    GROUP BY 1, 2
)
SELECT stage, error_type, dead_letters, trace_id
FROM dead
WHERE (SELECT sum(dead_letters) FROM dead) > 5
ORDER BY dead_letters DESC
LIMIT 20
