-- What percentage of the scraped pages became entities?
WITH pages AS (
    SELECT
        trace_id,
        bool_or(attributes ? 'scrapes_created') AS is_scraped,
        bool_or(attributes ? 'entities_resolved') AS is_resolved
    FROM records
    WHERE attributes->>'outcome' = 'succeeded'
    GROUP BY trace_id
)
SELECT 100.0 * count(*) FILTER (WHERE is_resolved) / nullif(count(*), 0) AS completion_rate
FROM pages
WHERE is_scraped
