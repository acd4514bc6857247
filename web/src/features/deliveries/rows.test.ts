import { describe, expect, it } from 'vitest'

import type { Delivery, DeliveryNotice } from '../../api/types'
import { eventTime, newer, noticed, rowOf, still } from './rows'

const delivery: Delivery = {
  id: 5,
  webhook_id: 1,
  event_id: 'n.5',
  event_name: 'call.missed',
  call_id: 8,
  root_call_id: 7,
  seq: 3,
  state: 'pending',
  reason: null,
  replayed: false,
  attempts: [1, 2].map((n) => ({
    n,
    at: `2026-01-01 00:00:0${n}`,
    ms: n * 10,
    status: n === 2 ? 500 : null,
    error: n === 2 ? 'status: the receiver answered 500' : 'timeout: …',
    request_headers: {},
    response_headers: {},
    response_body: '',
  })),
  next_attempt_at: '2026-01-01 00:00:09',
  body: '{"event_time":"2026-01-01 00:00:00"}',
}

describe('a row', () => {
  it('tells of the last attempt and of the time of the event', () => {
    expect(rowOf(delivery)).toMatchObject({
      at: '2026-01-01 00:00:00',
      attempts: 2,
      status: 500,
      ms: 20,
      root_call_id: 7,
    })
    expect(rowOf({ ...delivery, root_call_id: 0 }).root_call_id).toBeNull()
    expect(rowOf({ ...delivery, body: 'no JSON' }).at).toBe('2026-01-01 00:00:01')
  })

  it('takes up what is noticed of it, and nothing of others', () => {
    const row = rowOf(delivery)
    const notice = {
      ...delivery,
      state: 'delivered',
      attempts: 3,
      status: 204,
      error: null,
      ms: 4,
    } as DeliveryNotice
    expect(noticed(row, notice)).toMatchObject({ state: 'delivered', attempts: 3, status: 204, at: row.at })
    expect(noticed(row, { ...notice, id: 6 })).toBe(row)
  })
})

describe('the time of an event', () => {
  it('is only what looks like one', () => {
    expect(eventTime('null')).toBeNull()
    expect(eventTime('{"event_time":7}')).toBeNull()
    expect(eventTime('{"event_time":"<b>"}')).toBeNull()
  })
})

describe('a list that keeps still', () => {
  const row = rowOf(delivery)
  const kept = { key: 'k', rows: [row], total: 10 }

  it('keeps its rows in place and brings them up to date', () => {
    const live = [
      { ...row, id: 6 },
      { ...row, state: 'delivered' as const },
    ]
    expect(still(kept, live).map(({ id, state }) => [id, state])).toEqual([[5, 'delivered']])
  })

  it('counts what is waiting', () => {
    expect(newer(kept, 13)).toBe(3)
    expect(newer(kept, 9)).toBe(0)
  })
})
