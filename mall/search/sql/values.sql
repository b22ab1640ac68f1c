-- Attribute values that products can be filtered by: short ones, and measured numbers only where a rule says so.
INSERT INTO search_facetvalue (name, value)
SELECT DISTINCT said.name, said.value FROM (
{said}
) said
WHERE said.filterable
ON CONFLICT DO NOTHING
