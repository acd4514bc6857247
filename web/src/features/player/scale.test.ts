import { expect, it } from 'vitest'

import { scaled } from './scale'

it('fills the height by the loudest of all channels', () => {
  expect(
    scaled([
      [-4_000, 2_000],
      [-16_000, 8_000],
    ]),
  ).toEqual([
    [-0.25, 0.125],
    [-1, 0.5],
  ])
  expect(scaled([[-32_768, 32_767]])[0]?.[0]).toBe(-1)
})

it('never leaves the range in which nothing is made smaller', () => {
  const all = scaled([[-32_768, 32_767, 7_932, -7_932]]).flat()
  expect(Math.max(...all.map(Math.abs))).toBe(1)
})

it('does not blow silence up', () => {
  expect(scaled([[0, 0]])).toEqual([[0, 0]])
  const [noise] = scaled([[-33, 33]])
  expect(Math.abs(noise?.[0] ?? 1)).toBeCloseTo(0.02, 3)
  expect(scaled([])).toEqual([])
  expect(scaled([[Number.NaN, 20_000]])).toEqual([[0, 1]])
})
