-- What became of the scraped pages: entities, a dead letter, on their way, or stopped without a word?
WITH pages AS (
    SELECT
        trace_id,
        bool_or(attributes ? 'scrapes_created') AS is_scraped,
        bool_or(attributes ? 'entities_resolved') AS is_resolved,
        bool_or(attributes->>'outcome' = 'dead_lettered') AS is_dead,
        max(end_timestamp) AS last_seen
    FROM records
    WHERE attributes->>'outcome' IS NOT NULL
    GROUP BY trace_id
)
SELECT
    CASE
        WHEN is_resolved THEN 'became entities'
        WHEN is_dead THEN 'dead letter'
        WHEN last_seen > now() - $patience::interval THEN 'on their way'
        ELSE 'stopped'
    END AS fate,
    count(*) AS pages
FROM pages
WHERE is_scraped
GROUP BY fate
ORDER BY pages DESC
LIMIT 4
