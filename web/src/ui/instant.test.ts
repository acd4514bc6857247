import { describe, expect, it } from 'vitest'

import { contract, fromLocal, readInstant, toLocal } from './instant'

describe('date and time of a viewer', () => {
  it('come back as they were entered, whatever the zone', () => {
    for (const local of ['2026-01-31T12:00', '2026-07-01T00:30', '2026-12-31T23:59']) {
      expect(toLocal(fromLocal(local))).toBe(local)
    }
  })

  it('are sent in UTC', () => {
    const local = toLocal('2026-01-31T12:00:00Z')
    expect(new Date(local).toISOString()).toBe('2026-01-31T12:00:00.000Z')
    expect(contract('2026-01-31T12:00:00Z')).toBe('2026-01-31 12:00:00')
    expect(fromLocal('')).toBe('')
    expect(fromLocal('2026-13-77T12:00')).toBe('')
    expect(toLocal('')).toBe('')
  })

  it('are nothing where the address bar holds no moment', () => {
    expect(readInstant(null)).toBe('')
    expect(readInstant('yesterday')).toBe('')
    expect(readInstant('+999999-01-01T00:00:00Z')).toBe('')
  })
})
