import { describe, expect, it } from 'vitest'

import { today } from './today'

describe('today', () => {
  const noon = new Date(2026, 2, 4, 12)

  it('lasts from midnight to midnight of the viewer', () => {
    expect(today(new Date(2026, 2, 4, 0, 0, 0), noon)).toBe(true)
    expect(today(new Date(2026, 2, 4, 23, 59, 59), noon)).toBe(true)
    expect(today(new Date(2026, 2, 5, 0, 0, 0), noon)).toBe(false)
    expect(today(new Date(2026, 2, 3, 23, 59, 59), noon)).toBe(false)
  })

  it('is no day of another month or year', () => {
    expect(today(new Date(2026, 3, 4, 12), noon)).toBe(false)
    expect(today(new Date(2025, 2, 4, 12), noon)).toBe(false)
  })
})
