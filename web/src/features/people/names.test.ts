import { describe, expect, it } from 'vitest'

import type { User } from '../../api/types'
import { confirmName, fullName, matchingUsers } from './names'

const user = (given: Partial<User>): User => ({
  id: 1,
  first_name: 'Alice',
  last_name: '',
  email: 'alice@example.com',
  ext: '1001',
  role: 'user',
  active: true,
  dnd: false,
  record: 'none',
  voicemail: false,
  voicemail_after: 20,
  created_at: '2026-01-01 00:00:00',
  nb_registered: 0,
  ...given,
})

describe('names of users', () => {
  it('have no space for a last name that is not there', () => {
    expect(fullName(user({}))).toBe('Alice')
    expect(fullName(user({ last_name: 'Ng' }))).toBe('Alice Ng')
  })

  it('are typed to confirm unless nobody could type them', () => {
    expect(confirmName('Zoë Ángel', '1001')).toBe('Zoë Ángel')
    expect(confirmName('x'.repeat(100), '1001')).toBe('1001')
    expect(confirmName('ab\u202Ecd', '1001')).toBe('1001')
    expect(confirmName('<script>', '1001')).toBe('1001')
  })

  it('are searched with extension and e-mail', () => {
    const users = [user({}), user({ id: 2, first_name: 'Bob', email: 'b@x.org', ext: '2002' })]
    expect(matchingUsers(users, 'ALICE').map(({ id }) => id)).toEqual([1])
    expect(matchingUsers(users, '2002').map(({ id }) => id)).toEqual([2])
    expect(matchingUsers(users, 'x.org').map(({ id }) => id)).toEqual([2])
    expect(matchingUsers(users, '')).toBe(users)
  })
})
