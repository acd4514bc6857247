/** What the stream tells makes the page's copies stale: which ones, and at most how often they are loaded again. */

import type { QueryClient, QueryKey } from '@tanstack/react-query'

import type { DeliveryNotice } from '../api/types'
import { CALL_EVENTS, type Stream } from './stream'

/** Loads of one list follow each other no faster than this. */
const PAUSE = 500

export const keys = {
  me: ['me'] as const,
  integration: ['integration'] as const,
  webhooks: ['webhooks'] as const,
  activity: ['activity'] as const,
  deliveries: ['deliveries'] as const,
  cdrs: ['cdrs'] as const,
  calls: ['calls'] as const,
  flow: ['flow'] as const,
  users: ['users'] as const,
  phones: ['phones'] as const,
  monitors: ['monitors'] as const,
  peaks: ['peaks'] as const,
  voicemail: ['voicemail'] as const,
  sounds: ['sounds'] as const,
  settings: ['settings'] as const,
}

/** Keeps the copies fresh until the returned function is called. */
export function refresh(queries: QueryClient, stream: Stream): () => void {
  const due = new Map<string, QueryKey>()
  let timer: ReturnType<typeof setTimeout> | null = null
  const flush = () => {
    timer = null
    for (const [name, key] of due) {
      // A load that runs goes on, or on a slow link none would ever end; it is older than this, so another follows it.
      if (queries.isFetching({ queryKey: key }) > 0) continue
      due.delete(name)
      void queries.invalidateQueries({ queryKey: key }, { cancelRefetch: false })
    }
    if (due.size > 0) timer = setTimeout(flush, PAUSE)
  }
  const stale = (...stales: QueryKey[]) => {
    for (const key of stales) due.set(JSON.stringify(key), key)
    timer ??= setTimeout(flush, PAUSE)
  }
  const ends = [
    stream.on('delivery', (data) => {
      const notice = data as DeliveryNotice
      stale(keys.deliveries, [...keys.flow, notice.root_call_id])
      // The chart of a day is loaded anew each minute; a webhook begins to fail with an attempt, not with a verdict.
      if (notice.state !== 'pending' || notice.attempts > 0) stale(keys.webhooks, keys.cdrs)
    }),
    stream.on('registration', () => stale(keys.phones, keys.users)),
    stream.on('webhook.disabled', () => stale(keys.webhooks)),
    stream.on('monitor.audio_ready', () => stale(keys.monitors)),
    ...CALL_EVENTS.map((type) =>
      stream.on(type, (data) => {
        const event = data as { root_call_id: number; context?: string }
        stale([...keys.flow, event.root_call_id])
        if (type === 'call.hangup' || type === 'call.missed' || type === 'call.failed') stale(keys.cdrs)
        // With the end of such a call its message is there.
        if (type === 'call.hangup' && event.context === 'VM') stale(keys.voicemail)
      }),
    ),
    stream.on('lagged', () => stale(...Object.values(keys))),
    stream.on('reopened', () => void queries.invalidateQueries()),
  ]
  return () => {
    if (timer !== null) clearTimeout(timer)
    ends.forEach((end) => end())
  }
}
