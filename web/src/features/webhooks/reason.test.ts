import { describe, expect, it } from 'vitest'

import { reasonOf } from './reason'

describe('a reason', () => {
  it.each([
    ['127.0.0.1:1 refused the connection', 'webhooks.reason_refused', { to: '127.0.0.1:1' }],
    ['refused: 127.0.0.1:1 refused the connection', 'webhooks.reason_refused', { to: '127.0.0.1:1' }],
    [
      'status: the receiver answered 500 Internal Server Error',
      'webhooks.reason_status',
      { status: '500 Internal Server Error' },
    ],
    [
      'redirect: the receiver answered 301 Moved Permanently to https://a.example/; x; redirects are not followed',
      'webhooks.reason_redirect',
      { status: '301 Moved Permanently' },
    ],
    ['timeout: the answer took longer than 10.0 s', 'webhooks.reason_timeout', { seconds: '10.0' }],
    ['timeout: no answer within 10 s', 'webhooks.reason_timeout', { seconds: '10' }],
    [
      '10.1.2.3 is not a public address; the operator can …',
      'webhooks.reason_private',
      { address: '10.1.2.3' },
    ],
    [
      'nothing.invalid cannot be resolved: DNS error: no records found for Query { … }',
      'webhooks.reason_no_such_host',
      { host: 'nothing.invalid' },
    ],
    ['the receiver answered 410 Gone', 'webhooks.reason_status', { status: '410 Gone' }],
    ['must be a whole number from 1000 to 30000', 'webhooks.reason_range', { min: '1000', max: '30000' }],
    ['must be a number, not a string', 'webhooks.reason_number', {}],
  ])('is recognised: %s', (message, key, values) => {
    expect(reasonOf(message)).toEqual({ key, values })
  })

  it('that nobody knows has no text of ours', () => {
    expect(reasonOf('the moon is in the way')).toBeNull()
    expect(reasonOf('')).toBeNull()
  })
})
