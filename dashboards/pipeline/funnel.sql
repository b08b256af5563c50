-- Scrapes, extractions and resolutions over time: how many items each part of the pipeline finished.
SELECT
    time_bucket($resolution, start_timestamp) AS x,
    count(*) FILTER (WHERE attributes->>'stage' = 'sourcing') AS scrapes,
    count(*) FILTER (
        WHERE attributes->>'stage' IN ('extraction_adapters', 'extraction_agents')
    ) AS extractions,
    count(*) FILTER (WHERE attributes->>'stage' = 'entity_resolution') AS resolutions
FROM records
WHERE attributes->>'outcome' = 'succeeded'
GROUP BY x
ORDER BY x
