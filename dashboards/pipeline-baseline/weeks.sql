-- {{ each.title }}: how many this week, and in the two weeks before, moved onto its days?
WITH moved AS (
    SELECT
        CASE
            WHEN start_timestamp >= now() - interval '7 days' THEN 0
            WHEN start_timestamp >= now() - interval '14 days' THEN 1
            ELSE 2
        END AS weeks_ago,
        CASE
            WHEN start_timestamp >= now() - interval '7 days' THEN start_timestamp
            WHEN start_timestamp >= now() - interval '14 days' THEN start_timestamp + interval '7 days'
            ELSE start_timestamp + interval '14 days'
        END AS moment
    FROM records
    WHERE start_timestamp >= now() - interval '21 days'
        AND attributes->>'outcome' IN ({{ each.outcomes | default(['succeeded']) | sql_list }})
    {%- if each.counted is defined %}
        AND attributes ? {{ each.counted | sql }}
    {%- endif %}
)
SELECT
    time_bucket($resolution, moment) AS x,
    count(*) FILTER (WHERE weeks_ago = 0) AS this_week,
    count(*) FILTER (WHERE weeks_ago = 1) AS week_before,
    count(*) FILTER (WHERE weeks_ago = 2) AS two_weeks_before
FROM moved
GROUP BY x
ORDER BY x
