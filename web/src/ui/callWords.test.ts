import { describe, expect, it } from 'vitest'

import { type Key } from '../i18n'
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
