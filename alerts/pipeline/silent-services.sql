-- Which services of the pipeline have sent nothing in the window?
WITH expected(service) AS (
    VALUES
    {%- for service in services %}
        ({{ service | sql }}){{ "" if loop.last else "," }}
    {%- endfor %}
),
heard AS (SELECT DISTINCT coalesce(attributes->>'service', service_name) AS service FROM records)
SELECT expected.service
FROM expected
LEFT JOIN heard ON heard.service = expected.service
WHERE heard.service IS NULL
ORDER BY expected.service
LIMIT 50
