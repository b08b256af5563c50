-- How many entities of each kind were {{ counted }}?
SELECT
{%- for entity in entities %}
    coalesce(metric_increase(value, recorded_timestamp)
        FILTER (WHERE metric_name = '{{ entity }}_{{ counted }}'), 0) AS {{ entity }}{{ "" if loop.last else "," }}
{%- endfor %}
FROM metrics
WHERE metric_name IN ({% for entity in entities %}'{{ entity }}_{{ counted }}'{{ "" if loop.last else ", " }}{% endfor %})
