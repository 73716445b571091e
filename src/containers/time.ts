/** `2026-11-21T03:31:44.469264598Z`: Go's RFC 3339 with nanoseconds, trailing zeros cut as Go cuts them. */
export function formatTime(ms: number): string {
  const seconds = new Date(Math.floor(ms)).toISOString().slice(0, 19);
  // A double of milliseconds holds today's microseconds, not more.
  const nanos = Math.round((ms - Math.floor(ms / 1000) * 1000) * 1e3) * 1000;
  const fraction = String(Math.min(nanos, 999_999_999)).padStart(9, '0').replace(/0+$/, '');
  return fraction === '' ? `${seconds}Z` : `${seconds}.${fraction}Z`;
}

/** Milliseconds of such a time; 0 for Go's zero time. */
export function parseTime(text: string): number {
  if (text.startsWith('0001-')) return 0;
  return Date.parse(text);
}
