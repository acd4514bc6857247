/** What a row of the ladder is to the eye, and a name for it that survives the next load. */

import type { FlowColumn, FlowRow } from '../../api/types'

export type Row = FlowRow

/**
 * - `sip`: a SIP message.
 * - `post`: the request of an attempt; `answer`: its answer of 2xx; `refused`: any other answer.
 * - `broken`: an attempt that nobody answered.
 * - `unsent`: what was not sent, or not yet.
 * - `note`: what happened at one place; `media`: audio.
 */
export type Shape = 'sip' | 'post' | 'answer' | 'refused' | 'broken' | 'unsent' | 'note' | 'media'

export function webhookIds(columns: readonly FlowColumn[]): ReadonlySet<string> {
  return new Set(columns.filter((column) => column.kind === 'webhook').map((column) => column.id))
}

export function shapeOf(row: Row, webhooks: ReadonlySet<string>): Shape {
  if (row.sent === false) return 'unsent'
  switch (row.kind) {
    case 'sip':
      return 'sip'
    case 'media':
      return 'media'
    case 'note':
      return webhooks.has(row.to) ? 'unsent' : 'note'
    case 'webhook':
      if (!webhooks.has(row.from)) return 'post'
      if (row.status === null) return 'broken'
      return row.status >= 200 && row.status < 300 ? 'answer' : 'refused'
  }
}

/** Whether a row tells of a webhook: the legend's switch for them hides it. */
export function ofWebhook(shape: Shape): boolean {
  return shape === 'post' || shape === 'answer' || shape === 'refused' || shape === 'broken'
}

/** A message that puts a call on hold. */
export function holds(row: Row): boolean {
  return row.kind === 'sip' && / (sendonly|inactive)\b/.test(row.detail)
}

/** Microseconds since 1970; `Date` would drop the last three digits. */
export function micros(at: string): number {
  const parts = /^(.*?)(?:\.(\d{1,6})\d*)?Z$/.exec(at)
  if (parts === null) return new Date(at).getTime() * 1000
  return Date.parse(`${parts[1] ?? ''}Z`) * 1000 + Number((parts[2] ?? '0').padEnd(6, '0'))
}

/**
 * A name for each row. Numbers do not do: a row that arrives late is sorted in between, and all after it are counted
 * anew.
 */
export function rowKeys(rows: readonly Row[]): string[] {
  const seen = new Map<string, number>()
  return rows.map((row) => {
    const key = [
      row.at,
      row.kind,
      row.from,
      row.to,
      row.call_id,
      row.delivery_id,
      row.attempt,
      row.label,
    ].join(' ')
    const times = seen.get(key) ?? 0
    seen.set(key, times + 1)
    return times === 0 ? key : `${key} #${times}`
  })
}
