"""Dates in English: the day first, the month as a word, the clock of 24 hours.

The spaces do not break, so that a date keeps its line in a narrow table.
"""

DATE_FORMAT = "j\xa0M\xa0Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j\xa0M\xa0Y, H:i"
SHORT_DATE_FORMAT = DATE_FORMAT
SHORT_DATETIME_FORMAT = DATETIME_FORMAT
YEAR_MONTH_FORMAT = "F\xa0Y"
MONTH_DAY_FORMAT = "j\xa0M"
# Days of this and the coming weeks, where the day of the week says more than the year.
WEEKDAY_FORMAT = "D\xa0j\xa0M"
