import { describe, expect, it } from 'vitest'

import type { Flow } from '../../api/types'
import retried from './fixtures/retried.json'
import { generated, made } from './generate'
import { heightOf, type Ladder, layOut, type Options, type RowItem } from './items'

const ALL: Options = {
  hiddenLegs: new Set(),
  repeats: false,
  unfolded: new Set(),
  webhooks: true,
  unsent: true,
  text: '',
}

/** A real call of the demo, whose `call.unhold` was refused twice. */
const real = retried as Flow

function rows(ladder: Ladder): RowItem[] {
  return ladder.items.filter((item) => item.type === 'row')
}

const numbers = (ladder: Ladder) => rows(ladder).map((item) => item.row.n)

describe('a real call', () => {
  const ladder = layOut(real, ALL)

  it('shows each row once, one below the other', () => {
    expect(numbers(ladder)).toEqual(real.rows.map((row) => row.n))
    let top = 0
    for (const item of ladder.items) {
      expect(item.top).toBe(top)
      top += heightOf(item)
    }
    expect(ladder.height).toBe(top)
  })

  it('shows the attempts that were refused, and the one that was not', () => {
    const answers = rows(ladder).filter((item) => item.row.attempt !== null && item.row.ms !== null)
    expect(answers.filter((item) => item.shape === 'refused').map((item) => item.row.status)).toEqual([
      500, 500,
    ])
    expect(answers.some((item) => item.shape === 'answer' && item.row.attempt === 3)).toBe(true)
  })

  it('knows the message that caused a POST', () => {
    for (const link of real.links) {
      const post = rows(ladder).find((item) => item.row.n === link.to)
      expect(post?.shape).toBe('post')
      expect(post?.cause).toBe(link.from)
    }
  })

  it('marks the messages that hold', () => {
    const held = rows(ladder).filter((item) => item.hold)
    expect(held.length).toBe(2)
    expect(held.every((item) => item.row.detail.endsWith('sendonly'))).toBe(true)
  })

  it('leaves out what is switched off, and counts spans between what is left', () => {
    const some = layOut(real, { ...ALL, hiddenLegs: new Set(['A']), webhooks: false })
    expect(rows(some).every((item) => item.row.leg === 'B1')).toBe(true)
    const [first, second] = rows(some)
    expect(first?.delta).toBeNull()
    expect(second?.delta).toBe((second?.at ?? 0) - (first?.at ?? 0))
  })

  it('finds text in what is behind a row, in whatever case', () => {
    const found = layOut(real, { ...ALL, text: ' OFFHOOK-ATTEMPT: 3 ' })
    expect(rows(found).map((item) => item.row.label)).toEqual(['POST call.unhold'])
    expect(layOut(real, { ...ALL, text: 'nothing has this' }).items).toEqual([])
  })
})

describe('repetitions', () => {
  const flow: Flow = {
    ...generated(0),
    rows: [
      made(1, { label: 'INVITE' }),
      made(2, { label: 'INVITE', retransmission_of: 1 }),
      made(3, { label: 'INVITE', retransmission_of: 1 }),
      made(4, { label: '100 Trying', from: 'pbx', to: 'h1' }),
    ],
  }

  it('are folded into their first, which counts them', () => {
    const ladder = layOut(flow, ALL)
    expect(numbers(ladder)).toEqual([1, 4])
    expect(rows(ladder)[0]).toMatchObject({ repeats: 2, open: false })
  })

  it('are shown where they belong when their first is unfolded, or all are', () => {
    const first = layOut(flow, ALL).keyOf.get(1) ?? ''
    expect(numbers(layOut(flow, { ...ALL, unfolded: new Set([first]) }))).toEqual([1, 2, 3, 4])
    expect(numbers(layOut(flow, { ...ALL, repeats: true }))).toEqual([1, 2, 3, 4])
  })
})

describe('silences', () => {
  const flow: Flow = {
    ...generated(0),
    rows: [
      made(1, { label: 'INVITE' }),
      made(2, { label: '200 OK', leg: 'B1' }),
      made(500, { n: 3, label: 'BYE' }),
      made(501, { n: 4, label: '200 OK' }),
    ],
    gaps: [{ after: 2, seconds: 9.96 }],
  }

  it('are bands between rows', () => {
    const ladder = layOut(flow, ALL)
    expect(ladder.items.map((item) => item.type)).toEqual(['row', 'row', 'gap', 'row', 'row'])
    const gap = ladder.items[2]
    expect(gap?.type === 'gap' ? Math.round(gap.micros / 1e4) : 0).toBe(996)
    expect(ladder.rows).toEqual([0, 1, 3, 4])
  })

  it('are shown too when the row before is not', () => {
    const ladder = layOut(flow, { ...ALL, hiddenLegs: new Set(['B1']) })
    expect(ladder.items.map((item) => item.type)).toEqual(['row', 'gap', 'row', 'row'])
  })

  it('are not there before the first row', () => {
    const ladder = layOut(flow, { ...ALL, text: 'BYE' })
    expect(ladder.items.map((item) => item.type)).toEqual(['row'])
  })
})

describe('what was not sent', () => {
  it('is a row that can be switched off', () => {
    const flow: Flow = {
      ...generated(0),
      rows: [
        made(1, {
          kind: 'note',
          from: 'pbx',
          to: 'w1',
          label: 'call.ringing not sent',
          leg: null,
          sent: false,
        }),
        made(2, { kind: 'note', from: 'pbx', to: 'w1', label: 'call.hold: attempt 2 due', leg: null }),
        made(3, { kind: 'note', from: 'pbx', to: 'pbx', label: 'call.dtmf', leg: null }),
      ],
    }
    expect(rows(layOut(flow, ALL)).map((item) => item.shape)).toEqual(['unsent', 'unsent', 'note'])
    expect(numbers(layOut(flow, { ...ALL, unsent: false }))).toEqual([3])
  })
})

describe('a ladder of 5,000 rows', () => {
  it('is laid out in the blink of an eye', () => {
    const flow = generated(5_000)
    const start = performance.now()
    const ladder = layOut(flow, ALL)
    expect(performance.now() - start).toBeLessThan(500)
    expect(rows(ladder).length).toBe(4_500)
    expect(new Set(ladder.items.map((item) => item.key)).size).toBe(ladder.items.length)
    expect(rows(ladder).filter((item) => item.cause !== null).length).toBe(500)
  })

  it('names rows so that a late one in between changes no other name', () => {
    const flow = generated(5_000)
    const late = {
      ...flow,
      rows: flow.rows.filter((row) => row.n !== 5).map((row, n) => ({ ...row, n: n + 1 })),
    }
    const before = new Set(rows(layOut(late, { ...ALL, repeats: true })).map((item) => item.key))
    const after = rows(layOut(flow, { ...ALL, repeats: true })).map((item) => item.key)
    expect(after.filter((key) => !before.has(key)).length).toBe(1)
  })
})
