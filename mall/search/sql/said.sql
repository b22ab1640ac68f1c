    -- What these products (members) and their variants say of themselves, as text, one row a value.
    SELECT coalesce(p.parent_id, p.id) AS product_id, a.id AS attribute_id, a.name, told.value,
           length(told.value) <= 40 AND coalesce(rule.filterable, CASE
               WHEN a.type IN ('option', 'multi_option', 'boolean') THEN true
               WHEN a.type = 'text' THEN told.value !~ '^[0-9.,]+$'
               ELSE false END) AS filterable
    FROM catalogue_productattributevalue v
    JOIN catalogue_productattribute a ON a.id = v.attribute_id
    JOIN catalogue_product p ON p.id = v.product_id AND p.is_public
    LEFT JOIN attributes_attributerule rule ON rule.attribute_id = a.id
    LEFT JOIN catalogue_attributeoption chosen ON chosen.id = v.value_option_id
    CROSS JOIN LATERAL (
        SELECT CASE a.type
            WHEN 'text' THEN v.value_text
            WHEN 'option' THEN chosen.option
            WHEN 'boolean' THEN CASE v.value_boolean WHEN true THEN 'Yes' WHEN false THEN 'No' END
            WHEN 'integer' THEN v.value_integer::text || coalesce(' ' || nullif(rule.unit, ''), '')
            WHEN 'float' THEN v.value_float::text || coalesce(' ' || nullif(rule.unit, ''), '')
            WHEN 'date' THEN to_char(v.value_date, 'YYYY-MM-DD') END AS value
        UNION ALL
        SELECT many.option FROM catalogue_productattributevalue_value_multi_option link
        JOIN catalogue_attributeoption many ON many.id = link.attributeoption_id
        WHERE a.type = 'multi_option' AND link.productattributevalue_id = v.id
    ) told
    WHERE v.product_id = ANY(%(members)s) AND told.value <> ''
