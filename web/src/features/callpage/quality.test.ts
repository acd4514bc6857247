import { describe, expect, it } from 'vitest'

import { blame, gradeOf, lossOf } from './quality'

describe('the quality of a side', () => {
  it('has the word of what its users would say', () => {
    expect([4.4, 4.0, 3.96].map(gradeOf)).toEqual(['good', 'good', 'good'])
    expect([3.9, 3.6, 3.55].map(gradeOf)).toEqual(['fair', 'fair', 'fair'])
    expect([3.54, 2, 1].map(gradeOf)).toEqual(['poor', 'poor', 'poor'])
  })

  it('counts as lost what was sent and did not arrive', () => {
    expect(lossOf({ packets: 90, lost: 10 })).toBe(10)
    expect(lossOf({ packets: 0, lost: 0 })).toBe(0)
    // More arrived than was sent: some came twice.
    expect(lossOf({ packets: 100, lost: -3 })).toBe(0)
  })

  it('names the figure to blame, and none where all is well', () => {
    const side = { packets: 1000, lost: 0, jitter_ms: 2, mos: 4.3 }
    expect(blame(side)).toBeNull()
    expect(blame({ ...side, mos: 3.2, lost: 50 })).toBe('loss')
    expect(blame({ ...side, mos: 3.2, jitter_ms: 80 })).toBe('jitter')
    expect(blame({ ...side, mos: 3.2 })).toBeNull()
  })
})
