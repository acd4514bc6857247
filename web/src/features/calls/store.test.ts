import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import type { LiveCall } from '../../api/types'
import { CallStore, PAUSE } from './store'
import { call } from './testing'

const many = (n: number): LiveCall[] => Array.from({ length: n }, (_, at) => call({ id: at + 1 }))
const ids = (store: CallStore) => store.snapshot().calls.map(({ id }) => id)

beforeEach(() => vi.useFakeTimers({ now: new Date('2026-01-01T00:00:00Z') }))
afterEach(() => vi.useRealTimers())

describe('the store of live calls', () => {
  it('shows what was loaded, and changes to it', () => {
    const store = new CallStore()
    store.load(store.expect(), many(3))
    expect(ids(store)).toEqual([1, 2, 3])
    store.take(call({ id: 4 }))
    store.take({ id: 2, root_id: 2, ended: true })
    vi.advanceTimersByTime(PAUSE)
    expect(ids(store)).toEqual([1, 3, 4])
    store.drop(1)
    vi.advanceTimersByTime(PAUSE)
    expect(ids(store)).toEqual([3, 4])
  })

  it('tells of 100 changes a second to 500 calls at most four times a second', () => {
    const store = new CallStore()
    store.load(store.expect(), many(500))
    vi.advanceTimersByTime(PAUSE)
    const seen = vi.fn()
    store.subscribe(seen)
    for (let n = 0; n < 1_000; n++) {
      store.take(call({ id: (n % 500) + 1, state: n % 2 === 0 ? 'CONNECTED' : 'ON_HOLD' }))
      vi.advanceTimersByTime(10)
    }
    expect(seen.mock.calls.length).toBeGreaterThanOrEqual(38)
    expect(seen.mock.calls.length).toBeLessThanOrEqual(41)
    expect(store.snapshot().calls.length).toBe(500)
  })

  it('keeps the object of a row that did not change', () => {
    const store = new CallStore()
    store.load(store.expect(), many(3))
    const [first, second] = store.snapshot().calls
    store.take(call({ id: 1, state: 'CONNECTED' }))
    vi.advanceTimersByTime(PAUSE)
    expect(store.snapshot().calls[0]).not.toBe(first)
    expect(store.snapshot().calls[1]).toBe(second)
    store.load(store.expect(), [call({ id: 2, duration: 9 })])
    vi.advanceTimersByTime(PAUSE)
    expect(store.snapshot().calls).toEqual([second])
    expect(store.snapshot().calls[0]).toBe(second)
  })

  it('believes the stream more than a list that was asked for before', () => {
    const store = new CallStore()
    store.load(store.expect(), [call({ id: 1 }), call({ id: 2 })])
    const asked = store.expect()
    store.take({ id: 1, root_id: 1, ended: true })
    store.take(call({ id: 2, state: 'CONNECTED' }))
    store.take(call({ id: 3 }))
    store.load(asked, [call({ id: 1 }), call({ id: 2 })])
    vi.advanceTimersByTime(PAUSE)
    expect(store.snapshot().calls.map(({ id, state }) => [id, state])).toEqual([
      [2, 'CONNECTED'],
      [3, 'RINGING'],
    ])
  })

  it('takes no list but the one that was asked for last', () => {
    const store = new CallStore()
    store.load(store.expect(), [call({ id: 1 }), call({ id: 2 })])
    const [early, late] = [store.expect(), store.expect()]
    store.load(early, [call({ id: 1 }), call({ id: 2 })])
    store.take({ id: 1, root_id: 1, ended: true })
    store.load(late, [call({ id: 1 }), call({ id: 2 })])
    store.load(early, [call({ id: 1 })])
    vi.advanceTimersByTime(PAUSE)
    expect(ids(store)).toEqual([2])
  })

  it('knows how far the clock of the server is ahead', () => {
    const store = new CallStore()
    const now = Math.floor(Date.now() / 1000)
    store.load(store.expect(), [call({ id: 1, connected_at: now + 60, duration: 40 })])
    expect(store.snapshot().ahead).toBe(100)
    store.load(store.expect(), [call({ id: 1, connected_at: now - 4, duration: 3 })])
    vi.advanceTimersByTime(PAUSE)
    expect(store.snapshot().ahead).toBe(0)
  })
})
