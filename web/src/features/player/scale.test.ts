import { expect, it } from 'vitest'

import { scaleOf } from './scale'

it('fills the height by the loudest of all channels', () => {
  expect(
    scaleOf([
      [-0.1, 0.2],
      [-0.5, 0.3],
    ]),
  ).toBe(2)
  expect(scaleOf([[-1, 1]])).toBe(1)
})

it('does not blow silence up', () => {
  expect(scaleOf([[0, 0]])).toBe(20)
  expect(scaleOf([])).toBe(20)
  expect(scaleOf([[Number.NaN, 0.5]])).toBe(2)
})
