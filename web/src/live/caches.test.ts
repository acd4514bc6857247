import { QueryClient, QueryObserver } from '@tanstack/react-query'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { keys, refresh } from './caches'
import type { Stream } from './stream'

/** A stream that a test speaks through. */
function speaker() {
  const listeners = new Map<string, (data: unknown) => void>()
  const stream = {
    on: (type: string, listener: (data: unknown) => void) => {
      listeners.set(type, listener)
      return () => listeners.delete(type)
    },
  }
  return {
    stream: stream as unknown as Stream,
    tell: (type: string, data: unknown = {}) => listeners.get(type)?.(data),
  }
}

/** A list that takes `ms` to load. */
function watched(ms: number) {
  const queries = new QueryClient()
  const counts = { begun: 0, aborted: 0, shown: 0 }
  const observer = new QueryObserver(queries, {
    queryKey: [...keys.phones, 'all'],
    queryFn: ({ signal }) => {
      counts.begun += 1
      signal.addEventListener('abort', () => (counts.aborted += 1))
      return new Promise<number>((resolve) => setTimeout(() => resolve(++counts.shown), ms))
    },
  })
  return { queries, counts, stop: observer.subscribe(() => undefined) }
}

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

describe('what the stream tells', () => {
  it('loads a list anew, at most twice a second', async () => {
    const { stream, tell } = speaker()
    const { queries, counts, stop } = watched(10)
    const end = refresh(queries, stream)
    await vi.advanceTimersByTimeAsync(100)
    for (let n = 0; n < 20; n++) tell('registration')
    await vi.advanceTimersByTimeAsync(2_000)
    expect(counts).toEqual({ begun: 2, aborted: 0, shown: 2 })
    end()
    stop()
  })

  it('never cuts a slow load off, and follows it by another', async () => {
    const { stream, tell } = speaker()
    const { queries, counts, stop } = watched(1_800)
    const end = refresh(queries, stream)
    for (let n = 0; n < 60; n++) {
      tell('registration')
      await vi.advanceTimersByTimeAsync(100)
    }
    expect(counts.aborted).toBe(0)
    expect(counts.shown).toBeGreaterThanOrEqual(2)
    await vi.advanceTimersByTimeAsync(10_000)
    // The last one began after the last news.
    expect(counts.shown).toBe(counts.begun)
    expect(counts.begun).toBeLessThanOrEqual(5)
    end()
    stop()
  })

  it('loads everything again when something was missed', async () => {
    const { stream, tell } = speaker()
    const { queries, counts, stop } = watched(10)
    const end = refresh(queries, stream)
    await vi.advanceTimersByTimeAsync(100)
    tell('lagged')
    await vi.advanceTimersByTimeAsync(1_000)
    expect(counts.shown).toBe(2)
    tell('reopened')
    await vi.advanceTimersByTimeAsync(1_000)
    expect(counts.shown).toBe(3)
    end()
    stop()
  })

  it('loads the recordings anew when one is ready, and the messages when a voicemail call is over', () => {
    const { stream, tell } = speaker()
    const queries = new QueryClient()
    queries.setQueryData(keys.monitors, [])
    queries.setQueryData(keys.voicemail, [])
    const stale = () =>
      [keys.monitors, keys.voicemail].map((key) => queries.getQueryState(key)?.isInvalidated)
    const end = refresh(queries, stream)
    tell('call.hangup', { root_call_id: 1, context: 'LOCAL_USER' })
    vi.advanceTimersByTime(1_000)
    expect(stale()).toEqual([false, false])
    tell('monitor.audio_ready')
    vi.advanceTimersByTime(1_000)
    expect(stale()).toEqual([true, false])
    tell('call.hangup', { root_call_id: 1, context: 'VM' })
    vi.advanceTimersByTime(1_000)
    expect(stale()).toEqual([true, true])
    end()
  })
})
