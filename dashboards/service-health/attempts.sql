-- How many attempts succeeded, failed, were tried again and given up?
SELECT
    coalesce(metric_increase(value, recorded_timestamp)
        FILTER (WHERE metric_name = 'task_succeeded'), 0) AS succeeded,
    coalesce(metric_increase(value, recorded_timestamp)
        FILTER (WHERE metric_name = 'task_failed'), 0) AS failed,
    coalesce(metric_increase(value, recorded_timestamp)
        FILTER (WHERE metric_name = 'task_failed' AND attributes->>'outcome' = 'retried'), 0) AS retried,
    coalesce(metric_increase(value, recorded_timestamp)
        FILTER (WHERE metric_name = 'tasks_dead_lettered'), 0) AS dead_lettered
FROM metrics
WHERE metric_name IN ('task_succeeded', 'task_failed', 'tasks_dead_lettered')
    AND attributes->>'service' = ANY($service::text[])
