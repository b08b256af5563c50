-- Venues, artists and performances over time: how many were new, how many were known.
SELECT
    time_bucket($resolution, recorded_timestamp) AS x,
    coalesce(metric_increase(value, recorded_timestamp)
        FILTER (WHERE metric_name = 'venues_created'), 0) AS new_venues,
    coalesce(metric_increase(value, recorded_timestamp)
        FILTER (WHERE metric_name = 'venues_found'), 0) AS existing_venues,
    coalesce(metric_increase(value, recorded_timestamp)
        FILTER (WHERE metric_name = 'artists_created'), 0) AS new_artists,
    coalesce(metric_increase(value, recorded_timestamp)
        FILTER (WHERE metric_name = 'artists_found'), 0) AS existing_artists,
    coalesce(metric_increase(value, recorded_timestamp)
        FILTER (WHERE metric_name = 'performances_created'), 0) AS new_performances,
    coalesce(metric_increase(value, recorded_timestamp)
        FILTER (WHERE metric_name = 'performances_found'), 0) AS existing_performances
FROM metrics
WHERE metric_name IN (
    'venues_created', 'venues_found',
    'artists_created', 'artists_found',
    'performances_created', 'performances_found'
)
GROUP BY x
ORDER BY x
