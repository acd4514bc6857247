/** Bounds in time that a list is searched by: RFC 3339 in UTC in the address bar, the viewer's zone in a field. */

/** `YYYY-MM-DDTHH:MM:SSZ`, or '' where the text is no moment. */
export function readInstant(text: string | null): string {
  const date = new Date(text ?? '')
  return Number.isNaN(date.getTime()) || !inRange(date) ? '' : `${date.toISOString().slice(0, 19)}Z`
}

/** Years of four digits; the API knows no others. */
function inRange(date: Date): boolean {
  return date.getUTCFullYear() >= 1970 && date.getUTCFullYear() <= 9999
}

/** `2026-01-31T12:00:00Z` as the API takes it. */
export function contract(utc: string): string {
  return utc.slice(0, 19).replace('T', ' ')
}

/** What a field for date and time shows of a moment in UTC: the same in the viewer's zone. */
export function toLocal(utc: string): string {
  if (utc === '') return ''
  const date = new Date(utc)
  const pad = (n: number, width = 2) => String(n).padStart(width, '0')
  const day = `${pad(date.getFullYear(), 4)}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`
  return `${day}T${pad(date.getHours())}:${pad(date.getMinutes())}`
}

/** What was entered in the viewer's zone as a moment in UTC; '' for what is no date. */
export function fromLocal(local: string): string {
  return local === '' ? '' : readInstant(local)
}
