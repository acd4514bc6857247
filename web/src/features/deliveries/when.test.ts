import { describe, expect, it } from 'vitest'

import { fromAddress, toAddress, toLocal, toUtc } from './when'

describe('a moment', () => {
  it('comes back from the field it was put into', () => {
    const at = new Date('2026-03-04T05:06:00Z')
    expect(toUtc(toLocal(at))).toBe('2026-03-04 05:06:00')
  })

  it('that is not complete is none', () => {
    expect(toUtc('')).toBeNull()
    expect(toUtc('2026-13-40T00:00')).toBeNull()
  })

  it('stands in the address bar as UTC', () => {
    expect(toAddress('2026-03-04 05:06:07')).toBe('2026-03-04T05:06:07Z')
    expect(fromAddress('2026-03-04T05:06:07Z')).toBe('2026-03-04 05:06:07')
    expect(fromAddress('2026-03-04T05:06')).toBe('2026-03-04 05:06:00')
    expect(fromAddress('yesterday')).toBeNull()
    expect(fromAddress('2026-02-31T05:06')).toBeNull()
    expect(fromAddress(null)).toBeNull()
  })
})
