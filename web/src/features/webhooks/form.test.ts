import { describe, expect, it } from 'vitest'

import type { Webhook } from '../../api/types'
import { bodyOf, changes, EMPTY, touched, twice, valuesOf } from './form'

const webhook: Webhook = {
  id: 3,
  name: 'CRM',
  url: 'https://crm.example/hook',
  events: ['call.missed', 'call.hold'],
  contexts: [],
  active: true,
  state: 'active',
  disabled_reason: null,
  order: 'bounded',
  timeout_ms: 10_000,
  headers: { 'X-Key': 'abc' },
  created_at: '2026-01-01 00:00:00',
  last_delivery_at: null,
}

describe('the form', () => {
  it('sends nothing of what stayed the same, in whatever order it was ticked', () => {
    const values = { ...valuesOf(webhook), events: ['call.hold', 'call.missed'] }
    expect(changes(values, webhook)).toEqual({})
  })

  it('sends what changed and keeps exact names of events', () => {
    const values = valuesOf(webhook)
    values.events = [...values.events, 'call.ended']
    values.timeout = 5_000
    values.name = ' CRM 2 '
    expect(changes(values, webhook)).toEqual({
      name: 'CRM 2',
      events: ['call.missed', 'call.hold', 'call.ended'],
      timeout_ms: 5_000,
    })
  })

  it('sends all headers when one changed, and leaves empty lines out', () => {
    const values = valuesOf(webhook)
    values.headers = [
      ...values.headers,
      { id: 7, name: ' X-Two ', value: '2' },
      { id: 8, name: '', value: '' },
    ]
    expect(changes(values, webhook)).toEqual({ headers: { 'X-Key': 'abc', 'X-Two': '2' } })
  })

  it('keeps a value without a name, so that the server can say what is wrong', () => {
    expect(bodyOf({ ...EMPTY, headers: [{ id: 0, name: '', value: 'v' }] }).headers).toEqual({ '': 'v' })
  })

  it('knows whether a new one was touched', () => {
    expect(touched(EMPTY)).toBe(false)
    expect(touched({ ...EMPTY, headers: [{ id: 1, name: '', value: '' }] })).toBe(false)
    expect(touched({ ...EMPTY, events: ['call.missed'] })).toBe(true)
  })

  it('sees a header that stands twice', () => {
    const line = (id: number, name: string) => ({ id, name, value: '' })
    expect(twice([line(0, 'X-A'), line(1, 'x-a ')])).toBe('x-a')
    expect(twice([line(0, ''), line(1, ''), line(2, 'X-B')])).toBeUndefined()
  })
})
