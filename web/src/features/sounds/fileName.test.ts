import { expect, it } from 'vitest'

import { LONGEST, nameOf } from './fileName'

it('takes the name of a sound from that of its file', () => {
  expect(nameOf('Blue_Danube  waltz.WAV')).toBe('Blue Danube waltz')
  expect(nameOf('v1.2 final.wav')).toBe('v1.2 final')
  expect(nameOf('Música\u0007.wav')).toBe('Música')
})

it('keeps within what the server takes', () => {
  expect(Array.from(nameOf(`${'🎵'.repeat(150)}.wav`))).toHaveLength(LONGEST)
  expect(nameOf('.wav')).toBe('')
})
