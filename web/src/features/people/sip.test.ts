import { encode } from 'uqr'
import { describe, expect, it } from 'vitest'

import { darkPath, sipUri } from './sip'

describe('the address for a phone', () => {
  it('has user, password and domain with its port', () => {
    expect(sipUri('1001-2', 'aB3xyz', 'pbx.example.com:5070')).toBe('sip:1001-2:aB3xyz@pbx.example.com:5070')
  })

  it('escapes what would end a part too early', () => {
    expect(sipUri('a@b:c', 'p:w@d/é😀', 'x')).toBe('sip:a%40b%3Ac:p%3Aw%40d%2F%C3%A9%F0%9F%98%80@x')
  })
})

describe('the path of a QR code', () => {
  it('draws neighbours in one stroke', () => {
    expect(
      darkPath([
        [true, true, false, true],
        [false, false, false, false],
        [false, true, false, false],
      ]),
    ).toBe('M0 0h2v1h-2zM3 0h1v1h-1zM1 2h1v1h-1z')
  })

  it('covers exactly the dark modules of a real code', () => {
    const { data } = encode('sip:1001:secret@pbx.example.com', { border: 4 })
    const dark = data.flat().filter(Boolean).length
    const drawn = [...darkPath(data).matchAll(/h(\d+)v1/g)].reduce((sum, match) => sum + Number(match[1]), 0)
    expect(drawn).toBe(dark)
  })
})
