import { describe, expect, it } from 'vitest'

import { conditions, filtersOf, narrowed, pageOf } from './filters'

const of = (text: string) => filtersOf(new URLSearchParams(text))

describe('the filters of the address bar', () => {
  it('become conditions of the server', () => {
    const filters = of(
      'webhook=2&event=call.missed&state=failed&call=17&from=2026-01-02T03:04:05Z&to=2026-01-03T00:00Z',
    )
    expect(conditions(filters)).toEqual([
      ['webhook_id', 'eq', 2],
      ['event_name', 'eq', 'call.missed'],
      ['state', 'eq', 'failed'],
      ['root_call_id', 'eq', 17],
      ['event_time', 'gte', '2026-01-02 03:04:05'],
      ['event_time', 'lte', '2026-01-03 00:00:00'],
    ])
  })

  it('leave out what is not sound', () => {
    const filters = of('webhook=x&event=call.nothing&state=PENDING&call=-1&from=now&to=99999999999999999999')
    expect(conditions(filters)).toEqual([])
    expect(narrowed(filters)).toBe(false)
    expect(narrowed(of('state=held'))).toBe(true)
  })

  it('begin on the first page', () => {
    expect(pageOf(new URLSearchParams(''))).toBe(1)
    expect(pageOf(new URLSearchParams('page=0'))).toBe(1)
    expect(pageOf(new URLSearchParams('page=7'))).toBe(7)
  })
})
