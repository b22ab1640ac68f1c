-- How text becomes words, for what is sold and for what is typed alike.

-- A run of Chinese, of which PostgreSQL's parser makes one word, becomes its characters and its overlapping pairs.
CREATE FUNCTION search_pairs(run text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    SELECT string_agg(substr(run, at, width), ' ' ORDER BY width DESC, at)
    FROM generate_series(1, 2) AS width, generate_series(1, length(run) - width + 1) AS at
$$;

-- Lower case, no accents, nothing but words with one space between them.
CREATE FUNCTION search_words(given text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE STRICT AS $$
    SELECT CASE WHEN plain ~ '[\u3400-\u9fff]' THEN (
        SELECT string_agg(CASE WHEN piece[1] ~ '[\u3400-\u9fff]' THEN search_pairs(piece[1]) ELSE piece[1] END, ' ' ORDER BY number)
        FROM regexp_matches(plain, '[\u3400-\u9fff]+|[^\u3400-\u9fff ]+', 'g') WITH ORDINALITY AS found (piece, number)
    ) ELSE plain END
    FROM (
        SELECT btrim(regexp_replace(replace(lower(unaccent(given)), '''s ', ' '), '[^[:alnum:]]+', ' ', 'g')) AS plain
    ) AS made
$$;

-- The words as they are and as each language's stemmer has them: whose language a title is in need not be known.
CREATE FUNCTION search_vector(words text, weight "char") RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT setweight(
        to_tsvector('pg_catalog.simple', coalesce(words, '')) || to_tsvector('pg_catalog.english', coalesce(words, ''))
            || to_tsvector('pg_catalog.spanish', coalesce(words, '')),
        weight
    )
$$;
