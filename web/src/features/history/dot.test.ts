import { expect, it } from 'vitest'

import { dotOf } from './dot'

const nothing = { pending: 0, delivered: 0, failed: 0, expired: 0, held: 0 }

it('tells the worst of the deliveries of a call', () => {
  expect(dotOf(nothing)).toBe('none')
  expect(dotOf({ ...nothing, delivered: 6 })).toBe('well')
  expect(dotOf({ ...nothing, delivered: 5, pending: 1 })).toBe('waiting')
  expect(dotOf({ ...nothing, delivered: 5, held: 1 })).toBe('waiting')
  expect(dotOf({ ...nothing, delivered: 4, pending: 1, failed: 1 })).toBe('failed')
  expect(dotOf({ ...nothing, expired: 1 })).toBe('failed')
})
