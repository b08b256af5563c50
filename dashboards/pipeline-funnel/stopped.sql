-- Which pages stopped on the way, where, and why?
WITH tasks AS (
    SELECT
        trace_id,
        attributes->>'messaging.message.id' AS task,
        max(attributes->>'messaging.destination.name') AS queue,
        max(attributes->>'stage') AS stage,
        max(attributes->>'error.type') AS error_type,
        max(start_timestamp) AS last_begun,
        max(end_timestamp) AS last_seen,
        bool_or(attributes ? 'scrapes_created') AS is_scraped,
        bool_or(attributes ? 'entities_resolved') AS is_resolved,
        coalesce(bool_or(attributes->>'outcome' = 'dead_lettered'), false) AS is_dead,
        coalesce(
            bool_or(attributes->>'outcome' IN ('succeeded', 'dead_lettered', 'duplicate')), false
        ) AS is_finished
    FROM records
    WHERE attributes ? 'messaging.message.id'
    GROUP BY 1, 2
),
pages AS (
    SELECT
        trace_id,
        coalesce(
            max(stage) FILTER (WHERE is_dead),
            last_value(stage ORDER BY last_begun) FILTER (WHERE stage IS NOT NULL)
        ) AS last_stage,
        max(last_seen) AS last_seen,
        max(queue) FILTER (WHERE NOT is_finished) AS waits_in,
        max(error_type) FILTER (WHERE is_dead OR NOT is_finished) AS error_type,
        bool_or(is_dead) AS is_dead,
        bool_or(NOT is_finished) AS is_waiting,
        bool_or(is_scraped) AND NOT bool_or(is_resolved) AS is_without_entities
    FROM tasks
    GROUP BY trace_id
)
SELECT
    last_seen,
    CASE
        WHEN is_dead THEN 'dead letter'
        WHEN is_waiting THEN 'a task was never done'
        ELSE 'nothing came after'
    END AS reason,
    last_stage,
    waits_in,
    error_type,
    trace_id
FROM pages
WHERE is_dead
    OR (last_seen < now() - $patience::interval AND (is_waiting OR is_without_entities))
ORDER BY last_seen DESC
LIMIT 100
