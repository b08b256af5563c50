-- How many pages were scraped, how many of them gave extractions, and how many became entities?
WITH pages AS (
    SELECT
        trace_id,
        bool_or(attributes ? 'scrapes_created') AS is_scraped,
        bool_or(attributes ? 'extractions_created') AS is_extracted,
        bool_or(attributes ? 'entities_resolved') AS is_resolved
    FROM records
    WHERE attributes->>'outcome' = 'succeeded'
    GROUP BY trace_id
)
SELECT
    count(*) AS scrapes,
    count(*) FILTER (WHERE is_extracted) AS extractions,
    count(*) FILTER (WHERE is_resolved) AS entities
FROM pages
WHERE is_scraped
