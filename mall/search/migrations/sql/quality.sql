-- What speaks for a product whatever is searched, 0 to 1: each part from 0 to 1, weighed, and divided by the weights' sum.
-- Few votes weigh little: a rating is drawn towards 3.8 as if five more buyers had said so; fifty sold is half of best.
-- In hundredths, so that a night's small changes leave most entries as they are.
CREATE OR REPLACE FUNCTION search_quality(
    sold bigint, rating float, reviews bigint, in_stock boolean, merchant_rating float, merchant_reviews bigint,
    of_sales float, of_rating float, of_availability float, of_merchant float
) RETURNS float LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT round(((
        of_sales * sold / (sold + 50.0)
        + of_rating * ((coalesce(rating, 0) * reviews + 3.8 * 5) / (reviews + 5) - 1) / 4
        + of_availability * in_stock::int
        + of_merchant
            * ((coalesce(merchant_rating, 0) * coalesce(merchant_reviews, 0) + 3.8 * 5) / (coalesce(merchant_reviews, 0) + 5) - 1)
            / 4
    ) / greatest(of_sales + of_rating + of_availability + of_merchant, 0.0001))::numeric, 2)::float
$$;
