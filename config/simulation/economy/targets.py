"""What the economy is fitted to: published statistics of the Brazilian E-Commerce Public Dataset by Olist.

Source: the data set's own description and tables on Kaggle (olistbr/brazilian-ecommerce, 99,441 orders, September 2016
to August 2018), rounded. Amounts are minor units of whatever currency the economy runs in: it is the shape that is
taken over, not the purchasing power.
"""

from __future__ import annotations

# share of the range below -> value
PRICE = {
    0.0: 350,
    0.05: 1_750,
    0.10: 2_390,
    0.25: 3_990,
    0.50: 7_499,
    0.75: 13_490,
    0.90: 22_980,
    0.95: 34_990,
    0.99: 89_000,
    1.0: 350_000,
}
FREIGHT = {
    0.0: 250,
    0.05: 780,
    0.25: 1_308,
    0.50: 1_626,
    0.75: 2_115,
    0.90: 3_400,
    0.95: 4_512,
    0.99: 8_450,
    1.0: 26_000,
}
# days from placing to delivery
DELIVERY_DAYS = {
    0.0: 1.0,
    0.05: 3.1,
    0.25: 6.8,
    0.50: 10.2,
    0.75: 15.7,
    0.90: 23.1,
    0.95: 29.2,
    0.99: 46.0,
    1.0: 120.0,
}
# number -> share of orders
ITEMS_PER_ORDER = {1: 0.9006, 2: 0.0762, 3: 0.0134, 4: 0.0051, 5: 0.0021, 6: 0.0026}
SEVERAL_MERCHANTS = 0.013
# score -> share of reviews
REVIEW_SCORES = {1: 0.115, 2: 0.032, 3: 0.082, 4: 0.193, 5: 0.578}
# number of instalments wanted -> share of payments
INSTALLMENTS = {
    1: 0.506,
    2: 0.119,
    3: 0.101,
    4: 0.068,
    5: 0.050,
    6: 0.038,
    7: 0.016,
    8: 0.041,
    9: 0.006,
    10: 0.055,
}
# share of items delivered by date after the promise
LATE = 0.068
CANCELED = 0.0063
# items sold per merchant: the median over the mean, and the share of the largest tenth
MERCHANT_MEDIAN_OVER_MEAN = 0.22
MERCHANT_TOP_TENTH = 0.67
