-- In which queues do more than 10 tasks wait that were made over 30 minutes ago?
WITH tasks AS (
    SELECT
        attributes->>'messaging.message.id' AS task,
        max(attributes->>'messaging.destination.name') AS queue,
        min(start_timestamp) AS made_at,
        max(trace_id) AS trace_id
    FROM records
    WHERE attributes ? 'messaging.message.id'
    GROUP BY 1
    HAVING count(*) FILTER (WHERE attributes->>'messaging.operation.name' = 'process') = 0
)
SELECT
    queue,
    count(*) AS tasks,
    min(made_at) AS oldest,
    first_value(trace_id ORDER BY made_at) AS trace_id
FROM tasks
WHERE made_at < now() - interval '30 minutes'
GROUP BY queue
HAVING count(*) > 10
ORDER BY tasks DESC
LIMIT 20
