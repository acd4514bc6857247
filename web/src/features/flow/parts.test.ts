import { describe, expect, it } from 'vitest'

import { deltaText, spanText } from './delta'
import { exportAddress, waitOf } from './useFlow'
import retried from './fixtures/retried.json'
import { generated } from './generate'
import { geometry, textPlace } from './geometry'
import { COLOURS, colourOf, legsOf } from './legs'
import { moved } from './moves'
import { parsePreferences } from './preferences'
import { micros } from './rows'
import { messageLines, prettyBody } from './tokens'

describe('spans', () => {
  it('are short, with their sign', () => {
    const said = [0, 300, 9_940, 12_000, 999_600, 1_504_000, 59_940_000, 252_000_000, 7_500_000_000]
    expect(said.map((span) => deltaText(span, 'en'))).toEqual([
      '+0 ms',
      '+0.3 ms',
      '+9.9 ms',
      '+12 ms',
      '+1.000 s',
      '+1.504 s',
      '+59.9 s',
      '+4 min 12 s',
      '+2 h 5 min',
    ])
    expect(deltaText(-1_504_000, 'es')).toBe('−1,504 s')
    expect(spanText(252_000_000, 'es')).toBe('4 min 12 s')
  })

  it('come from times with microseconds', () => {
    expect(micros('2026-11-25T20:53:47.521723Z') - micros('2026-11-25T20:53:47.5217Z')).toBe(23)
    expect(micros('2026-11-25T20:53:47Z') % 1_000_000).toBe(0)
  })
})

describe('legs', () => {
  it('have a colour of their own, always the same', () => {
    const legs = ['A', 'B1', 'B2', 'B3', 'B4', 'B5']
    expect(legs.map(colourOf)).toEqual([0, 1, 2, 3, 4, 5])
    expect(['B1', 'C1', 'D1', 'C2', 'BB1'].map(colourOf)).toEqual([1, 2, 3, 3, 1])
    expect(colourOf('B6')).toBe(1)
    expect(colourOf('B6')).toBeLessThan(COLOURS)
  })

  it('are listed in order', () => {
    expect(legsOf(generated(20).rows)).toEqual(['A', 'B1'])
  })
})

describe('the keyboard', () => {
  it('moves within the rows', () => {
    expect(moved('ArrowDown', null, 5, 3)).toBe(0)
    expect(moved('ArrowDown', 4, 5, 3)).toBe(4)
    expect(moved('ArrowUp', 0, 5, 3)).toBe(0)
    expect(moved('PageDown', 0, 5, 3)).toBe(3)
    expect(moved('PageDown', 3, 5, 3)).toBe(4)
    expect(moved('PageUp', 4, 5, 3)).toBe(1)
    expect(moved('Home', 3, 5, 3)).toBe(0)
    expect(moved('End', 0, 5, 3)).toBe(4)
  })

  it('does nothing with other keys, or with no rows', () => {
    expect(moved('a', 2, 5, 3)).toBeNull()
    expect(moved('End', null, 0, 3)).toBeNull()
  })
})

describe('columns', () => {
  const columns = generated(0).columns

  it('share the width that there is', () => {
    const wide = geometry(columns, 1_000)
    expect(wide.compact).toBe(false)
    expect(wide.gutter + wide.lanes).toBeLessThanOrEqual(1_000)
    expect(wide.x('pbx') - wide.x('h1')).toBe(wide.lane)
  })

  it('keep a distance that can be read, and run out of a narrow window', () => {
    const narrow = geometry(columns, 358)
    expect(narrow.compact).toBe(true)
    expect(narrow.lane).toBeGreaterThan(120)
    expect(narrow.gutter + narrow.lanes).toBeGreaterThan(358)
  })

  it('do not lose a row of a column that there is not', () => {
    expect(geometry(columns, 1_000).x('gone')).toBe(geometry(columns, 1_000).x('h1'))
  })

  it('have texts within them', () => {
    const { middle, width } = textPlace(100, 300, 800)
    expect(middle - width / 2).toBeGreaterThanOrEqual(0)
    expect(middle + width / 2).toBeLessThanOrEqual(800)
  })
})

describe('messages', () => {
  const together = (raw: string, kind: 'sip' | 'http') =>
    messageLines(raw, kind)
      .map((line) => line.map((token) => token.text).join(''))
      .join('\n')

  it('lose nothing when they are cut into pieces', () => {
    for (const row of retried.rows) {
      const raw = row.raw.replaceAll('\r\n', '\n').replace(/\n$/, '')
      expect(together(row.raw, row.kind === 'sip' ? 'sip' : 'http')).toBe(raw)
    }
    for (const odd of [
      '',
      '\n',
      'no start line',
      ': x',
      'a:',
      '<script>alert(1)</script>\r\n\r\n<b>',
      '\u202eabc',
    ]) {
      expect(together(odd, 'sip')).toBe(odd.replaceAll('\r\n', '\n').replace(/\n$/, ''))
    }
  })

  it('have start line, headers and body in kinds of their own', () => {
    const kinds = (raw: string, kind: 'sip' | 'http' = 'sip') =>
      messageLines(raw, kind).map((line) => line.map((token) => token.kind).join(' '))
    expect(kinds('INVITE sip:1@x SIP/2.0\r\nTo: <sip:1@x>\r\n folded\r\n\r\nv=0\r\n')).toEqual([
      'method plain uri plain version',
      'name sign value',
      'value',
      '',
      'key sign value',
    ])
    expect(kinds('SIP/2.0 180 Ringing\r\n')).toEqual(['version plain status plain reason'])
    expect(kinds('content-type: application/json\n\n{\n  "a": 1\n}', 'http')).toEqual([
      'name sign value',
      '',
      'plain',
      'plain key sign value',
      'plain',
    ])
  })

  it('keep their headers when the body is laid out', () => {
    expect(prettyBody('a: b\n\n{}', () => 'laid out')).toBe('a: b\n\nlaid out')
    expect(prettyBody('a: b', () => 'laid out')).toBe('a: b')
  })
})

describe('preferences', () => {
  it('are read as far as they are what they should be', () => {
    expect(parsePreferences(null)).toMatchObject({ webhooks: true, repeats: false })
    expect(parsePreferences('{"webhooks":false,"repeats":"yes"}')).toMatchObject({
      webhooks: false,
      repeats: false,
    })
    expect(parsePreferences('[')).toMatchObject({ unsent: true })
  })
})

describe('a load that a notice asks for', () => {
  it('comes soon in a short ladder, and at its pace in a long one', () => {
    expect(waitOf(1_000, 50_000, 50_100)).toBe(500)
    expect(waitOf(1_001, 50_000, 50_100)).toBe(9_900)
    expect(waitOf(1_001, 50_000, 70_000)).toBe(500)
  })
})

describe('legs that are hidden', () => {
  it('are not remembered for the legs of other calls', () => {
    expect(parsePreferences('{"hiddenLegs":["A"]}')).not.toHaveProperty('hiddenLegs')
  })
})

describe('exports', () => {
  it('are at the place that the ladder came from', () => {
    expect(exportAddress('/calls/7/flow', 'svg')).toBe('/v1.1/calls/7/flow.svg')
  })
})
