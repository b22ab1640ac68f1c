-- Attribute values that products can be filtered by: short, and not a measured number.
INSERT INTO search_facetvalue (name, value)
SELECT DISTINCT a.name, v.value_text
FROM catalogue_productattributevalue v JOIN catalogue_productattribute a ON a.id = v.attribute_id
WHERE v.product_id = ANY(%(ids)s) AND length(v.value_text) BETWEEN 1 AND 40 AND v.value_text !~ '^[0-9.,]+$'
ON CONFLICT DO NOTHING
