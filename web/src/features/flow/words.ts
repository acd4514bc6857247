/** Rows of webhooks and notes in the reader's words. The server says them in English, and tells what they are made of. */

import type { Flow, FlowNote } from '../../api/types'
import { isKey, type Key, type Language } from '../../i18n'
import { lossOf } from '../callpage/quality'
import { severalCalls } from './legs'
import type { Row } from './rows'

export interface Words {
  t: (key: Key, values?: Record<string, string | number>) => string
  /** The server's words for a failure. */
  reason: (message: string) => string
  language: Language
}

/** SIP stays as it is; what this page does not know as the server said it. */
export function translated(flow: Flow, words: Words): Flow {
  const several = severalCalls(flow.rows)
  const said = (row: Row) => (several ? ofCall(inWords(row, words), words) : inWords(row, words))
  return { ...flow, rows: flow.rows.map(said) }
}

/** Of several calls in one picture, it is told which one an event is of. */
function ofCall(row: Row, { t }: Words): Row {
  if (row.kind === 'media') {
    return { ...row, detail: `${t('flow.row_audio_call', { id: String(row.call_id) })} · ${row.detail}` }
  }
  if ((row.event ?? null) === null || row.ms !== null) return row
  const call = t('flow.row_call', { id: String(row.call_id), context: row.context ?? '' })
  return { ...row, detail: row.detail === '' ? call : `${call} · ${row.detail}` }
}

export function inWords(row: Row, words: Words): Row {
  if (row.kind === 'sip') return row
  if (row.kind === 'media') return heard(row, words)
  const error = row.error === null ? null : words.reason(row.error)
  const same = (text: string) => (text === row.error && error !== null ? error : text)
  const plain = { ...row, error, label: same(row.label), detail: same(row.detail) }
  const event = row.event ?? null
  if (event === null) return plain
  const note = row.note ?? null
  if (note !== null) {
    return {
      ...plain,
      label: noteLabel(row, event, note, words) ?? row.label,
      detail: noteDetail(plain, event, note, words),
    }
  }
  if (row.attempt === null) return plain
  return row.ms === null ? post(plain, row.attempt, words) : answer(plain, event, row.attempt, row.ms, words)
}

/** How well the audio of a side arrived; MOS is the same word in every language. */
function heard(row: Row, { t, language }: Words): Row {
  const quality = row.quality ?? null
  if (quality === null) return row
  const figure = (value: number, digits: number) =>
    new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value)
  return {
    ...row,
    label: quality.mos === null ? 'RTP' : `MOS ${figure(quality.mos, 1)}`,
    detail: t('flow.row_audio', {
      packets: figure(quality.packets, 0),
      loss: figure(lossOf(quality), 2),
      jitter: figure(quality.jitter_ms, 1),
    }),
  }
}

/** `POST call.ringing` is the same in every language. */
function post(row: Row, attempt: number, { t }: Words): Row {
  const seq = row.seq ?? null
  const about =
    seq === null ? t('flow.row_attempt', { n: attempt }) : t('flow.row_attempt_seq', { n: attempt, seq })
  return {
    ...row,
    detail: row.detail.endsWith(', replayed') ? `${about}, ${t('flow.call_replayed')}` : about,
  }
}

function answer(row: Row, event: string, attempt: number, ms: number, { t }: Words): Row {
  if (row.status === null) {
    const label = row.error ?? t('common.no_answer')
    return { ...row, label, detail: t('flow.row_broken', { event, n: attempt, ms }) }
  }
  const label = t('flow.answered', { status: String(row.status), ms })
  return { ...row, label, detail: row.error ?? t('flow.row_answer', { event, n: attempt }) }
}

function noteLabel(row: Row, event: string, note: FlowNote, { t }: Words): string | null {
  // A delivery that waits without an hour for it has no attempt that is due.
  if (note === 'pending' && row.attempt === null) return null
  const key = `flow.note_${note}`
  return isKey(key) ? t(key, { event, n: row.attempt ?? 0 }) : null
}

function noteDetail(row: Row, event: string, note: FlowNote, { t, reason }: Words): string {
  const seq = row.seq ?? null
  switch (note) {
    case 'untold':
    case 'not_kept': {
      const why = t(`flow.why_${note}`)
      return seq === null ? why : `seq ${seq}, ${why}`
    }
    case 'held':
      return reason(row.detail)
    default: {
      const key = `flow.why_${row.reason ?? ''}`
      return isKey(key) ? t(key, { event }) : row.detail
    }
  }
}
