const DAYS_PER_ERA = 146_097;
const YEARS_PER_ERA = 400;
/** From 0000-03-01, where the eras of the Gregorian calendar begin, to 1970-01-01. */
const DAYS_BEFORE_1970 = 719_468;

const TWO_DIGITS = Array.from({ length: 100 }, (_, value) => String(value).padStart(2, '0'));

/** 0 to 99. */
export function twoDigits(value: number): string {
  return TWO_DIGITS[value] ?? '';
}

/**
 * The date so many days after 1970-01-01, in the years 0 to 9999. Worked out by itself, since an answer has
 * many and a `Date` takes ten times as long. Years begin in March, so that the leap day is their last.
 */
export function dateText(day: number): string {
  const days = day + DAYS_BEFORE_1970;
  const era = Math.floor(days / DAYS_PER_ERA);
  const day_of_era = days - era * DAYS_PER_ERA;
  const leap_days =
    Math.floor(day_of_era / 1460) -
    Math.floor(day_of_era / 36_524) +
    Math.floor(day_of_era / 146_096);
  const year_of_era = Math.floor((day_of_era - leap_days) / 365);
  const days_of_earlier_years =
    365 * year_of_era + Math.floor(year_of_era / 4) - Math.floor(year_of_era / 100);
  const day_of_year = day_of_era - days_of_earlier_years;
  // Months of 30.6 days at the mean, since March.
  const month_of_year = Math.floor((5 * day_of_year + 2) / 153);
  const day_of_month = day_of_year - Math.floor((153 * month_of_year + 2) / 5) + 1;
  const month = month_of_year < 10 ? month_of_year + 3 : month_of_year - 9;
  const year = year_of_era + era * YEARS_PER_ERA + (month <= 2 ? 1 : 0);
  const century = Math.floor(year / 100);
  return `${twoDigits(century)}${twoDigits(year - century * 100)}-${twoDigits(month)}-${twoDigits(day_of_month)}`;
}
