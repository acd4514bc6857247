import { describe, expect, it } from 'vitest'

import { actionOf, sought } from './keys'

const press = (key: string, ctrlKey = false) => ({ key, ctrlKey, altKey: false, metaKey: false })

describe('keys of the player', () => {
  it('play by space and seek by arrows', () => {
    expect(actionOf(press(' '))).toEqual({ kind: 'toggle' })
    expect(actionOf(press('ArrowRight'))).toEqual({ kind: 'by', seconds: 5 })
    expect(actionOf(press('PageDown'))).toEqual({ kind: 'by', seconds: -30 })
    expect(actionOf(press('End'))).toEqual({ kind: 'to', part: 1 })
  })

  it('are left to the browser with a modifier, and where they mean nothing', () => {
    expect(actionOf(press('ArrowLeft', true))).toBeNull()
    expect(actionOf(press('x'))).toBeNull()
    expect(actionOf(press('constructor'))).toBeNull()
  })

  it('never lead out of the sound', () => {
    expect(sought({ kind: 'by', seconds: 5 }, 8, 10)).toBe(10)
    expect(sought({ kind: 'by', seconds: -5 }, 3, 10)).toBe(0)
    expect(sought({ kind: 'by', seconds: 5 }, 3, 10)).toBe(8)
    expect(sought({ kind: 'to', part: 1 }, 3, 10)).toBe(10)
    expect(sought({ kind: 'to', part: 0 }, 3, 10)).toBe(0)
  })
})
