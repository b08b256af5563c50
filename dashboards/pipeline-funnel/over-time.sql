-- When were pages scraped, extracted from, and made entities of?
SELECT
    time_bucket($resolution, start_timestamp) AS x,
    count(*) FILTER (WHERE attributes ? 'scrapes_created') AS scrapes,
    count(*) FILTER (WHERE attributes ? 'extractions_created') AS extractions,
    count(*) FILTER (WHERE attributes ? 'entities_resolved') AS entities
FROM records
WHERE attributes->>'outcome' = 'succeeded'
GROUP BY x
ORDER BY x
