import { expect, it } from 'vitest'

import { cut } from './cut'

it('cuts what is long and leaves the rest alone', () => {
  expect(cut('Alice')).toBe('Alice')
  expect(cut('x'.repeat(10_000), 5)).toBe('xxxxx…')
})

it('does not cut a character in two', () => {
  expect(cut('😀😀😀', 2)).toBe('😀😀…')
  expect(cut('😀😀', 2)).toBe('😀😀')
})
