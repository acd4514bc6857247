import { describe, expect, it } from 'vitest'

import { call } from './testing'
import { isInner, matching, sorted } from './view'

const calls = [
  call({ id: 1, src: '1001', src_name: 'Zoë', dst: '1002', start_time: 30, state: 'RINGING' }),
  call({ id: 2, src: '1003', src_name: '', dst: '0034911', start_time: 10, state: 'CONNECTED' }),
  call({ id: 3, src: '1004', src_name: 'Alba', dst_name: 'ÑANDÚ', start_time: 30, state: 'RINGING' }),
]
const ids = (rows: { id: number }[]) => rows.map(({ id }) => id)

describe('the filter of live calls', () => {
  it('looks into names and numbers of both sides', () => {
    expect(ids(matching(calls, ''))).toEqual([1, 2, 3])
    expect(ids(matching(calls, ' zoë '))).toEqual([1])
    expect(ids(matching(calls, '4911'))).toEqual([2])
    expect(ids(matching(calls, 'ñandú'))).toEqual([3])
    expect(ids(matching(calls, 'nobody'))).toEqual([])
  })
})

describe('the order of live calls', () => {
  it('keeps the calls of one root together, under their root', () => {
    const queue = call({ id: 4, start_time: 10, context: 'QUEUE' })
    const agents = [5, 7].map((id) => call({ id, root_id: 4, start_time: 40 + id }))
    const other = call({ id: 6, start_time: 20 })
    const rows = sorted([...agents, other, queue], { column: 'start_time', descending: true })
    expect(ids(rows)).toEqual([6, 4, 5, 7])
    expect(rows.map((_, index) => isInner(rows, index))).toEqual([false, false, true, true])
    // A transferred call whose first part is over.
    const left = sorted([...agents, other], { column: 'start_time', descending: false })
    expect(ids(left)).toEqual([6, 5, 7])
    expect(isInner(left, 1)).toBe(false)
  })

  it('is by any column, either way, and by id where that is the same', () => {
    expect(ids(sorted(calls, { column: 'start_time', descending: true }))).toEqual([3, 1, 2])
    expect(ids(sorted(calls, { column: 'start_time', descending: false }))).toEqual([2, 1, 3])
    expect(ids(sorted(calls, { column: 'src', descending: false }))).toEqual([2, 3, 1])
    expect(ids(sorted(calls, { column: 'state', descending: false }))).toEqual([2, 1, 3])
  })
})
