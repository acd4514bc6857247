import { describe, expect, it } from 'vitest'

import { ApiError, type Exchange } from '../../api/client'
import { hasComplaints, refusalOf, without } from './refusal'

const exchange: Exchange = {
  request_headers: {},
  request_body: '{}',
  status: 500,
  response_headers: {},
  response_body: '',
  ms: 3,
}

const refuse = (...fields: ApiError['fields']) => new ApiError(400, 'validation_failed', 'no', fields, null)
const sent = { events: ['call.missed', 'call.x'], contexts: [] }

describe('a refusal', () => {
  it('puts each complaint at its field', () => {
    const refusal = refusalOf(
      refuse(
        { field: 'timeout_ms', message: 'too short' },
        { field: 'events[1]', message: 'unknown' },
        { field: 'headers.Host', message: 'is set by the server' },
        { field: 'colour', message: 'is not a field of this resource' },
      ),
      sent,
    )
    expect(refusal.fields).toEqual({
      timeout: { message: 'too short' },
      events: { message: 'unknown', about: 'call.x' },
    })
    expect(refusal.headers).toEqual({ Host: 'is set by the server' })
    expect(refusal.others.map(({ field }) => field)).toEqual(['colour'])
  })

  it('has the exchange of the test, until the address is typed anew', () => {
    const refusal = refusalOf(refuse({ field: 'url', message: 'answered 500', exchange }), sent)
    expect(refusal.exchange).toBe(exchange)
    const later = without(refusal, ['url'])
    expect(later.exchange).toBeNull()
    expect(hasComplaints(later)).toBe(false)
  })

  it('has nothing at the fields when the server was not reached', () => {
    const refusal = refusalOf(new ApiError(0, 'unreachable', 'away', [], null), sent)
    expect(hasComplaints(refusal)).toBe(false)
    expect(refusal.error).toBeInstanceOf(ApiError)
  })

  it('is not misled by names that objects inherit', () => {
    expect(refusalOf(refuse({ field: 'constructor', message: 'x' }), sent).others).toHaveLength(1)
  })
})
