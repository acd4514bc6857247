import { describe, expect, it } from 'vitest'

import type { Cdr } from '../../api/types'
import { call } from '../calls/testing'
import { answered, speakers } from './recorded'

const cdr = (live_id: number, disposition: Cdr['disposition']) =>
  ({ live_id, disposition, src: '1001', src_name: 'Alice', dst: '1002', dst_name: 'Bob' }) as Cdr

describe('recordings of a conversation', () => {
  it('are looked for among its answered calls only', () => {
    const live = [call({ id: 9, connected_at: 5 }), call({ id: 8 })]
    expect(answered(live, [cdr(7, 'CONNECTED'), cdr(6, 'NO ANSWER'), cdr(9, 'CONNECTED')])).toEqual([7, 9])
    expect(answered([], [])).toEqual([])
  })

  it('name both sides by their call, or by the numbers alone', () => {
    const recording = { live_id: 7, caller: '1001', called: '1002' }
    expect(speakers(recording, [], [cdr(7, 'CONNECTED')]).to).toMatchObject({ name: 'Bob', number: '1002' })
    expect(speakers(recording, [call({ id: 7 })], []).from).toMatchObject({ name: 'Alice' })
    expect(speakers(recording, [], [])).toEqual({
      from: { name: '', number: '1001' },
      to: { name: '', number: '1002' },
    })
  })
})
