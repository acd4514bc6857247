import { describe, expect, it } from 'vitest'

import { conditions, isFiltered, order, readView } from './filters'

const view = (query: string) => readView(new URLSearchParams(query))

describe('the address bar of the history', () => {
  it('holds a search', () => {
    const read = view(
      'from=2026-01-31T12:00:00Z&to=2026-02-01T00:00:00Z&src=10&dst=0034&direction=out&disposition=NO+ANSWER&context=RG&page=3&size=50&sort=-duration',
    )
    expect(conditions(read.filters)).toEqual([
      ['calldate', 'gte', '2026-01-31 12:00:00'],
      ['calldate', 'lte', '2026-02-01 00:00:00'],
      ['src', 'like', '10'],
      ['dst', 'like', '0034'],
      ['destination', 'eq', 'out'],
      ['disposition', 'eq', 'NO ANSWER'],
      ['context', 'like', 'RG'],
    ])
    expect([read.page, read.size, order(read)]).toEqual([3, 50, '-duration'])
    expect(isFiltered(read.filters)).toBe(true)
  })

  it('shows the newest first when it holds nothing', () => {
    const read = view('')
    expect(conditions(read.filters)).toEqual([])
    expect([read.page, read.size, order(read)]).toEqual([1, 25, '-calldate'])
    expect(isFiltered(read.filters)).toBe(false)
  })

  it('passes over what makes no sense', () => {
    const read = view(
      'from=yesterday&to=+999999-01-01T00:00:00Z&direction=up&disposition=x&page=-1&size=7&sort=password',
    )
    expect(conditions(read.filters)).toEqual([])
    expect([read.page, read.size, order(read)]).toEqual([1, 25, '-calldate'])
  })
})
