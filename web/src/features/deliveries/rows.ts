/** A line of the list, from the list itself or from what the stream tells, and a list that keeps still. */

import type { Delivery, DeliveryNotice, DeliveryState } from '../../api/types'

export interface Row {
  id: number
  /** When the event happened; null while nothing tells. */
  at: string | null
  webhook_id: number
  event_name: string
  root_call_id: number | null
  state: DeliveryState
  replayed: boolean
  attempts: number
  /** Of the last attempt. */
  status: number | null
  error: string | null
  ms: number | null
  next_attempt_at: string | null
}

export function rowOf(delivery: Delivery): Row {
  const last = delivery.attempts.at(-1)
  return {
    id: delivery.id,
    at: eventTime(delivery.body) ?? delivery.attempts[0]?.at ?? null,
    webhook_id: delivery.webhook_id,
    event_name: delivery.event_name,
    root_call_id: callOf(delivery.root_call_id),
    state: delivery.state,
    replayed: delivery.replayed,
    attempts: delivery.attempts.length,
    status: last?.status ?? null,
    error: last?.error ?? null,
    ms: last?.ms ?? null,
    next_attempt_at: delivery.next_attempt_at,
  }
}

/** A row after a notice about it. The notice does not tell when the event was. */
export function noticed(row: Row, notice: DeliveryNotice): Row {
  if (row.id !== notice.id) return row
  const { state, replayed, attempts, status, error, ms, next_attempt_at } = notice
  return { ...row, state, replayed, attempts, status, error, ms, next_attempt_at }
}

/** The `event_time` of a body, which the delivery itself does not have. */
export function eventTime(body: string): string | null {
  try {
    const event = JSON.parse(body) as { event_time?: unknown } | null
    const time = event?.event_time
    return typeof time === 'string' && /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(time) ? time : null
  } catch {
    return null
  }
}

/** Events that are about no call have no number, or 0. */
export function callOf(id: number | null | undefined): number | null {
  return id === null || id === undefined || id === 0 ? null : id
}

/** A page as it was when it was told to keep still. */
export interface Still {
  /** Which page of which list. */
  key: string
  rows: Row[]
  total: number
}

/** Its rows where they were, each as it is now as far as that is known. */
export function still(kept: Still, live: Row[]): Row[] {
  const now = new Map(live.map((row) => [row.id, row]))
  return kept.rows.map((row) => now.get(row.id) ?? row)
}

/** How many came since, given how many there are now. */
export function newer(kept: Still, total: number): number {
  return Math.max(0, total - kept.total)
}
