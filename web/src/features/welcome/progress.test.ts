import { beforeEach, describe, expect, it } from 'vitest'

import { nextStep, readProgress, writeProgress } from './progress'

beforeEach(() => localStorage.clear())

describe('the first steps', () => {
  it('are remembered', () => {
    expect(readProgress()).toEqual({ dismissed: false, skipped: [] })
    writeProgress({ dismissed: true, skipped: ['phone', 'admin'] })
    expect(readProgress()).toEqual({ dismissed: true, skipped: ['admin', 'phone'] })
  })

  it('begin anew where what is stored makes no sense', () => {
    for (const text of ['', 'null', '[]', '{"skipped":"all"}', '{', '{"skipped":["x"]}']) {
      localStorage.setItem('offhook.welcome', text)
      expect(readProgress()).toEqual({ dismissed: false, skipped: [] })
    }
  })

  it('come one after the other, without those that are done or skipped', () => {
    const none = { admin: false, user: false, phone: false, webhook: false, call: false }
    expect(nextStep(none, [])).toBe('admin')
    expect(nextStep({ ...none, admin: true }, ['user'])).toBe('phone')
    expect(nextStep({ admin: true, user: true, phone: true, webhook: true, call: true }, [])).toBeNull()
  })
})
