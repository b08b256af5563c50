-- How long does it take to process a task of each queue, and how many failed?
WITH queues(queue, service) AS (
    VALUES
    {%- for stage in stages %}
        ({{ stage.queue | sql }}, {{ stage.service | sql }}){{ "" if loop.last else "," }}
    {%- endfor %}
),
measured AS (
    SELECT
        attributes->>'messaging.destination.name' AS queue,
        metric_increase(value, recorded_timestamp) AS attempts,
        coalesce(metric_increase(value, recorded_timestamp)
            FILTER (WHERE attributes ? 'error.type'), 0) AS failed,
        metric_quantile(0.5, value) AS p50,
        metric_quantile(0.95, value) AS p95
    FROM metrics
    WHERE metric_name = 'messaging.process.duration'
    GROUP BY 1
)
SELECT queues.queue, attempts, failed, p50, p95
FROM queues
JOIN measured ON measured.queue = queues.queue
WHERE queues.service = ANY($service::text[])
ORDER BY p95 DESC
LIMIT 50
