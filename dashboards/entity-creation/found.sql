-- How many entities of each kind were found?
SELECT
{%- for entity in entities %}
    coalesce(metric_increase(value, recorded_timestamp)
        FILTER (WHERE metric_name = '{{ entity }}_found'), 0) AS {{ entity }}{{ "" if loop.last else "," }}
{%- endfor %}
FROM metrics
WHERE metric_name IN ({% for entity in entities %}'{{ entity }}_found'{{ "" if loop.last else ", " }}{% endfor %})
