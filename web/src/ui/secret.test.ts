import { expect, it } from 'vitest'

import { generateSecret } from './secret'

it('makes a secret that the server takes, another one each time', () => {
  const secret = generateSecret()
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
  expect(atob(secret.slice(6)).length).toBe(32)
  expect(generateSecret()).not.toBe(secret)
})
