import { describe, expect, it } from 'vitest'

import type { Cdr } from '../../api/types'
import { families, resultOf } from './families'

const cdr = (live_id: number, root_live_id: number) =>
  ({ live_id, root_live_id, is_root: live_id === root_live_id }) as Cdr

describe('the calls of one root', () => {
  const shown = [cdr(9, 9), cdr(7, 4), cdr(8, 8), cdr(5, 4), cdr(4, 4)]
  const told = (column: string) =>
    families(shown, { column, descending: true }).map(({ cdr: { live_id }, inner }) => [live_id, inner])

  it('stand together in the order of time', () => {
    expect(told('calldate')).toEqual([
      [9, false],
      [4, false],
      [5, true],
      [7, true],
      [8, false],
    ])
  })

  it('stand where any other order has them', () => {
    expect(told('duration')).toEqual(shown.map(({ live_id }) => [live_id, false]))
  })
})

describe('the result', () => {
  it('of a call that another member took is no missed call', () => {
    const cause = (name: string) => ({ name, q850: 26, sip: 487 })
    expect(resultOf({ cause: cause('LOSE_RACE'), disposition: 'NO ANSWER' })).toBe('history.result_elsewhere')
    expect(resultOf({ cause: cause('NO_ANSWER'), disposition: 'NO ANSWER' })).toBe('history.result_no_answer')
  })

  it('of a ringing call that was sent on is no missed call either', () => {
    const cause = { name: 'BLIND_TRANSFER', q850: 16, sip: 200 }
    expect(resultOf({ cause, disposition: 'NO ANSWER' })).toBe('history.result_transferred')
    expect(resultOf({ cause, disposition: 'CONNECTED' })).toBe('history.result_connected')
  })
})
