import { describe, expect, it } from 'vitest'

import { bars, sums } from './sparkline'

const hour = (delivered: number, failed: number) => ({ at: '2026-01-01 00:00:00', delivered, failed })

describe('the bars of a day', () => {
  it('measure each hour by the highest', () => {
    expect(bars([hour(10, 0), hour(5, 2)]).map(({ up, down }) => [up, down])).toEqual([
      [1, 0],
      [0.5, 0.2],
    ])
  })

  it('let a single failure be seen, and draw nothing for nothing', () => {
    expect(bars([hour(0, 1), hour(5_000, 0)])[0]).toMatchObject({ up: 0, down: 0.12 })
    expect(bars([hour(0, 0)])[0]).toMatchObject({ up: 0, down: 0 })
  })

  it('add up', () => {
    expect(sums([hour(3, 1), hour(4, 0)])).toEqual({ delivered: 7, failed: 1 })
  })
})
