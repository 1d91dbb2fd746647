// @ts-check
/**
 * Reads what the user searches for, as far as the page has to: the server parses it (`protocol/search.ts`).
 */

const CONDITION = /(?<!\S)(?:from|in|before|after|has):(?:"[^"]*"|\S*)/gi;

const BOUND = /(?<!\S)(before|after):(?:"([^"]*)"|(\S*))/gi;

const TIME = /^(?:(\d{4})-(\d\d)-(\d\d))?(?:(?:^|[ T])(\d\d?):(\d\d))?$/;

/** The words of a search, without conditions such as `from:alice`. @param {string} search */
export function wordsOf(search) {
  return search.replace(CONDITION, " ");
}

/**
 * Writes the times of conditions in UTC, as the server is in another time zone than the user. `14:05` is the most recent one.
 *
 * @param {string} search
 * @param {number} now In milliseconds since 1970.
 */
export function withTimesInUtc(search, now) {
  return search.replace(BOUND, (whole, key, quoted, bare) => {
    const time = parseTime((quoted ?? bare).trim(), now);
    return time === undefined ? whole : `${key}:${time.toISOString()}`; // the server rejects what is not valid
  });
}

/** @param {string} text @param {number} now @returns {Date | undefined} */
function parseTime(text, now) {
  const [all, year, month, day, hour, minute] = TIME.exec(text) ?? [];
  if (!all) return undefined;
  const time = new Date(now);
  if (year !== undefined) time.setFullYear(Number(year), Number(month) - 1, Number(day));
  time.setHours(Number(hour ?? 0), Number(minute ?? 0), 0, 0);
  const isValid = year === undefined || (time.getMonth() === Number(month) - 1 && time.getDate() === Number(day));
  if (!isValid || Number(hour ?? 0) > 23 || Number(minute ?? 0) > 59) return undefined;
  if (year === undefined && time.getTime() > now) time.setDate(time.getDate() - 1);
  return time;
}
