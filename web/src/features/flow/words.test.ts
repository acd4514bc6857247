import { describe, expect, it } from 'vitest'

import type { FlowReason, FlowRow } from '../../api/types'
import { translate } from '../../i18n/translate'
import { made } from './generate'
import { inWords, translated, type Words } from './words'

const es: Words = {
  t: (key, values) => translate('es', key, values),
  reason: (message) => `es(${message})`,
  language: 'es',
}

const said = (part: Partial<FlowRow>) => {
  const { label, detail } = inWords(made(1, { kind: 'note', event: 'call.ringing', seq: 3, ...part }), es)
  return [label, detail]
}
const attempt = (part: Partial<FlowRow>) => said({ kind: 'webhook', attempt: 2, ...part })

describe('rows of webhooks', () => {
  it('are said in the language of the page', () => {
    expect(attempt({ label: 'POST call.ringing', detail: 'attempt 2, seq 3' })).toEqual([
      'POST call.ringing',
      'intento 2, seq 3',
    ])
    expect(attempt({ label: 'POST call.ringing', detail: 'attempt 2, seq 3, replayed' })[1]).toBe(
      'intento 2, seq 3, reenviado',
    )
    expect(
      attempt({ status: 204, ms: 4, label: '204 in 4 ms', detail: 'to call.ringing, attempt 2' }),
    ).toEqual(['204 en 4 ms', 'a call.ringing, intento 2'])
    expect(attempt({ status: 500, ms: 4, error: 'status: 500', detail: 'status: 500' })[1]).toBe(
      'es(status: 500)',
    )
    expect(attempt({ ms: 9, label: 'timeout: x', error: 'timeout: x' })).toEqual([
      'es(timeout: x)',
      'call.ringing, intento 2, tras 9 ms',
    ])
  })

  it('say why nothing was sent', () => {
    const why = (reason: FlowReason) => said({ note: 'not_sent', reason, sent: false })
    expect(why('integration_off')).toEqual(['call.ringing no enviado', 'la integración está desactivada'])
    expect(why('not_subscribed')[1]).toBe('no está suscrito a call.ringing')
    for (const reason of ['webhook_off', 'disabled', 'context', 'made_later', 'settings_changed'] as const) {
      expect(why(reason)[1]).not.toBe('')
    }
    expect(said({ note: 'untold' })).toEqual(['call.ringing', 'seq 3, para ningún webhook'])
    expect(said({ note: 'not_kept', seq: null })[1]).toBe('sus entregas ya no se conservan')
  })

  it('say what became of a delivery', () => {
    expect(said({ note: 'held', detail: 'x' })).toEqual([
      'call.ringing retenido: el webhook está desactivado',
      'es(x)',
    ])
    expect(said({ note: 'pending', attempt: 4 })[0]).toBe('call.ringing: intento 4 pendiente')
    expect(said({ note: 'given_up', error: 'x', detail: 'x' })).toEqual([
      'call.ringing: se desistió',
      'es(x)',
    ])
    expect(said({ note: 'expired' })[0]).toBe('call.ringing caducado')
  })

  it('are as the server said them where it tells no more, or what is not known here', () => {
    expect(said({ event: null, label: 'a', detail: 'b' })).toEqual(['a', 'b'])
    expect(said({ note: 'new' as never, label: 'a', detail: 'b' })).toEqual(['a', 'b'])
    expect(said({ note: 'not_sent', reason: 'new' as never, detail: 'b' })[1]).toBe('b')
    expect(said({ event: null, error: 'b', detail: 'b' })[1]).toBe('es(b)')
  })

  it('name their call where there are several', () => {
    const post = made(1, { kind: 'webhook', event: 'call.missed', context: 'QUEUE', attempt: 1, seq: 4 })
    const rows = [post, { ...post, call_id: 9 }, { ...post, ms: 4, status: 204 }, made(2, { detail: 'x' })]
    const details = (some: FlowRow[]) =>
      translated({ columns: [], rows: some, links: [], gaps: [] }, es).rows.map(({ detail }) => detail)
    expect(details(rows)).toEqual([
      'llamada 1 QUEUE · intento 1, seq 4',
      'llamada 9 QUEUE · intento 1, seq 4',
      'a call.missed, intento 1',
      'x',
    ])
    expect(details([post])).toEqual(['intento 1, seq 4'])
  })

  it('say how well the audio of a side arrived, and of which call where there are several', () => {
    const quality = { packets: 18_950, lost: 50, jitter_ms: 2.14, mos: 4.38 }
    const row = made(1, { kind: 'media', label: 'MOS 4.4', detail: 'in English', quality })
    const told = (rows: FlowRow[]) => translated({ columns: [], rows, links: [], gaps: [] }, es).rows[0]
    expect([told([row])?.label, told([row])?.detail]).toEqual([
      'MOS 4,4',
      'RTP: 18.950 paquetes · 0,26 % perdidos · fluctuación 2,1 ms',
    ])
    expect(told([row, made(2, { call_id: 9 })])?.detail).toMatch(/^llamada 1 · RTP: /)
    expect(told([{ ...row, quality: { ...quality, mos: null } }])?.label).toBe('RTP')
  })

  it('leave SIP alone', () => {
    const row = made(1, { label: '486 Busy Here', error: 'x' })
    expect(translated({ columns: [], rows: [row], links: [], gaps: [] }, es).rows[0]).toBe(row)
  })
})
