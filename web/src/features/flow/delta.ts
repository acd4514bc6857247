/** Spans between rows, from microseconds to hours, short enough for the gutter. */

import type { Language } from '../../i18n'

const MILLI = 1_000
const SECOND = 1_000_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** `+0.3 ms`, `+1.504 s`, `−4 min 12 s`. */
export function deltaText(span: number, language: Language): string {
  return `${span < 0 ? '−' : '+'}${spanText(Math.abs(span), language)}`
}

/** `0.3 ms`, `1.504 s`, `4 min 12 s`, `2 h 5 min`. */
export function spanText(span: number, language: Language): string {
  if (span < 10 * MILLI) return `${decimal(span / MILLI, span === 0 ? 0 : 1, language)} ms`
  // 999.6 ms would be written 1,000 ms.
  if (Math.round(span / MILLI) < 1_000) return `${decimal(span / MILLI, 0, language)} ms`
  if (span < MINUTE) return `${decimal(span / SECOND, span < 10 * SECOND ? 3 : 1, language)} s`
  const seconds = Math.round(span / SECOND)
  if (span < HOUR) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds / 60) % 60} min`
}

const formats = new Map<string, Intl.NumberFormat>()

function decimal(value: number, digits: number, language: Language): string {
  const name = `${language}${digits}`
  let format = formats.get(name)
  if (format === undefined) {
    format = new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits })
    formats.set(name, format)
  }
  return format.format(value)
}

/** The time of day with milliseconds; scrolling asks for it often, and to make a format is slow. */
const clockFormat = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  hourCycle: 'h23',
})

export function clockText(at: number): string {
  return clockFormat.format(Math.floor(at / MILLI))
}
