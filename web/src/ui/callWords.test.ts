import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { isKey, type Key } from '../i18n'
import { translate } from '../i18n/translate'
import { contextText, infoText } from './callWords'

const t = (key: Key) => translate('en', key)

describe('kinds of calls', () => {
  it('have a word, every ring group the same', () => {
    expect(contextText(t, 'QUEUE')).toBe('Queue')
    expect(contextText(t, 'RG-7')).toBe(contextText(t, 'RG-12'))
    for (const known of ['LOCAL_USER', 'ENDPOINT', 'VM', 'IVR', 'RG-1']) {
      expect(contextText(t, known)).not.toBeNull()
    }
    expect(contextText(t, 'RG-x')).toBeNull()
    expect(contextText(t, 'constructor')).toBeNull()
  })
})

describe('details of an end', () => {
  it('are said in words where they are ours, and as they are where a phone gave them', () => {
    for (const known of [
      'max_wait',
      'abandoned',
      'no_agents',
      'no_answer',
      'no_members',
      'removed',
      'max_length',
    ]) {
      expect(infoText(t, known)).not.toBe(known)
    }
    expect(infoText(t, '399 phone "out of paper"')).toBe('399 phone "out of paper"')
  })
})

describe('causes', () => {
  it('have words, every one that the server can name', () => {
    const source = readFileSync(join(import.meta.dirname, '../../../crates/call/src/cause.rs'), 'utf8')
    const names = new Set([...source.matchAll(/"([A-Z]+(?:_[A-Z]+)*)"/g)].map((match) => match[1] ?? ''))
    expect(names.size).toBeGreaterThan(40)
    expect([...names].filter((name) => !isKey(`causes.${name}`))).toEqual([])
  })
})
