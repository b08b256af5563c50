-- Were there no new extractions in the last 30 minutes, all of them within the expected hours?
SELECT
    count(*) FILTER (WHERE attributes ? 'extractions_created') AS extractions,
    count(*) FILTER (WHERE attributes ? 'scrapes_created') AS scrapes,
    count(*) AS attempts
FROM records
WHERE attributes->>'outcome' IS NOT NULL
HAVING count(*) FILTER (WHERE attributes ? 'extractions_created') = 0
    AND to_char((now() - interval '30 minutes') AT TIME ZONE {{ timezone | sql }}, '%H:%M') >= {{ opens | sql }}
    AND to_char(now() AT TIME ZONE {{ timezone | sql }}, '%H:%M') >= {{ opens | sql }}
    AND to_char(now() AT TIME ZONE {{ timezone | sql }}, '%H:%M') < {{ closes | sql }}
