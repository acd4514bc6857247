import { expect, it } from 'vitest'

import { octets } from './format'

it('says how large a file is, as people of the language write it', () => {
  const plain = (count: number, language: 'en' | 'es') => octets(count, language).replace(/\s/u, ' ')
  expect(plain(812, 'en')).toBe('0.8 kB')
  expect(plain(0, 'en')).toBe('0 kB')
  expect(plain(999_000, 'en')).toBe('999 kB')
  expect(plain(1_000_000, 'en')).toBe('1 MB')
  expect(plain(14_848_123, 'es')).toBe('14,8 MB')
  expect(plain(3_200_000_000_000, 'en')).toBe('3,200 GB')
})
