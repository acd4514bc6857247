/** What the address bar asks for, and the filter that the server takes for it. */

import type { Condition } from '../../api/client'
import type { DeliveryState } from '../../api/types'
import { fromAddress } from './when'

export const STATES: DeliveryState[] = ['pending', 'delivered', 'failed', 'expired', 'held']

export const EVENTS = [
  'call.initial',
  'call.ringing',
  'call.accepted',
  'call.connected',
  'call.hold',
  'call.unhold',
  'call.dtmf',
  'call.missed',
  'call.failed',
  'call.hangup',
  'sms.received',
  'monitor.audio_ready',
  'queue.wrapup',
  'webhook.disabled',
]

export interface Filters {
  webhook: string | null
  event: string | null
  state: DeliveryState | null
  /** The root call: with it come the deliveries of all its legs. */
  call: string | null
  /** `YYYY-MM-DD HH:MM:SS`, UTC. */
  from: string | null
  to: string | null
}

/** Names in the address bar. What is not sound there counts as not asked for. */
export function filtersOf(params: URLSearchParams): Filters {
  return {
    webhook: whole(params.get('webhook')),
    event: EVENTS.find((event) => event === params.get('event')) ?? null,
    state: STATES.find((state) => state === params.get('state')) ?? null,
    call: whole(params.get('call')),
    from: fromAddress(params.get('from')),
    to: fromAddress(params.get('to')),
  }
}

export function pageOf(params: URLSearchParams): number {
  const page = Number(whole(params.get('page')) ?? '1')
  return page >= 1 ? page : 1
}

export function conditions(filters: Filters): Condition[] {
  const list: Condition[] = []
  const { webhook, event, state, call, from, to } = filters
  if (webhook !== null) list.push(['webhook_id', 'eq', Number(webhook)])
  if (event !== null) list.push(['event_name', 'eq', event])
  if (state !== null) list.push(['state', 'eq', state])
  if (call !== null) list.push(['root_call_id', 'eq', Number(call)])
  if (from !== null) list.push(['event_time', 'gte', from])
  if (to !== null) list.push(['event_time', 'lte', to])
  return list
}

export function narrowed(filters: Filters): boolean {
  return Object.values(filters).some((value) => value !== null)
}

/** A whole number that the server can read and JSON can carry. */
function whole(text: string | null): string | null {
  return text !== null && /^\d{1,15}$/.test(text) ? String(Number(text)) : null
}
