import { describe, expect, it } from 'vitest'

import { conditions, isFiltered, order, readView } from './filters'

const view = (query: string) => readView(new URLSearchParams(query))

describe('the address bar of the recordings', () => {
  it('holds a search and what is open', () => {
    const read = view(
      'from=2026-01-31T12:00:00Z&to=2026-02-01T00:00:00Z&caller=10&called=20&user=100002&page=2&size=50&sort=size&open=7',
    )
    expect(conditions(read.filters)).toEqual([
      ['timestamp', 'gte', '2026-01-31 12:00:00'],
      ['timestamp', 'lte', '2026-02-01 00:00:00'],
      ['caller', 'like', '10'],
      ['called', 'like', '20'],
      ['user_id', 'eq', 100002],
    ])
    expect([read.page, read.size, order(read), read.open]).toEqual([2, 50, 'size', 7])
    expect(isFiltered(read.filters)).toBe(true)
  })

  it('shows the newest first when it holds nothing, or nothing that makes sense', () => {
    for (const query of ['', 'from=x&user=a&page=0&size=3&sort=secret&open=-1', 'open=1e3&user=0']) {
      const read = view(query)
      expect(conditions(read.filters)).toEqual([])
      expect([read.page, read.size, order(read), read.open]).toEqual([1, 25, '-timestamp', null])
      expect(isFiltered(read.filters)).toBe(false)
    }
  })
})
