/** Times, spans and numbers as people of a language write them. API times are UTC; the page shows the viewer's zone. */

import type { Language } from './catalogue'

/** `YYYY-MM-DD HH:MM:SS` (UTC) or RFC 3339 as a moment. */
export function moment(text: string): Date {
  return new Date(text.includes('T') ? text : `${text.replace(' ', 'T')}Z`)
}

/** The browser's own form of a language, such as `en-GB`: people of one language write dates differently. */
function regional(language: Language): string {
  return navigator.languages.find((tag) => tag.toLowerCase().split('-')[0] === language) ?? language
}

/** Date and time in the viewer's zone. */
export function dateTime(at: Date, language: Language): string {
  return new Intl.DateTimeFormat(regional(language), { dateStyle: 'short', timeStyle: 'medium' }).format(at)
}

/** `14:03:07.123`, in the viewer's zone. */
export function clock(at: Date, digits: 0 | 3 = 0): string {
  const options: Intl.DateTimeFormatOptions = {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    ...(digits === 3 ? { fractionalSecondDigits: 3 } : {}),
  }
  return new Intl.DateTimeFormat('en-GB', options).format(at)
}

/** The moment in UTC, for the hint that is shown beside a local time. */
export function utc(at: Date): string {
  return `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** The viewer's zone, such as `CET`. */
export function zone(at: Date, language: Language): string {
  const parts = new Intl.DateTimeFormat(regional(language), { timeZoneName: 'short' }).formatToParts(at)
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? ''
}

/** Seconds as `0:07`, `12:05`, `1:02:33`. */
export function timer(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const pad = (n: number) => String(n).padStart(2, '0')
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  return h > 0 ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`
}

/** Seconds in words: `4 min 12 s`, `350 ms`. Unit symbols are the same in our languages. */
export function span(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  if (h > 0) return `${h} h ${m} min`
  return m > 0 ? `${m} min ${s} s` : `${s} s`
}

const UNITS = ['kilobyte', 'megabyte', 'gigabyte']

/** `1.2 MB`: how large a file is, by thousands. */
export function octets(count: number, language: Language): string {
  const step = Math.min(UNITS.length, Math.max(1, Math.floor(Math.log10(Math.max(1, count)) / 3)))
  const value = count / 1000 ** step
  return new Intl.NumberFormat(regional(language), {
    style: 'unit',
    unit: UNITS[step - 1] ?? 'kilobyte',
    maximumFractionDigits: value < 100 ? 1 : 0,
  }).format(value)
}
