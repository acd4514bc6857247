import { expect, it } from 'vitest'

import { type CallEvent, NO_CALL, withEvent } from './firstCall'

const event = (id: string, root: number, given: Partial<CallEvent> = {}): CallEvent => ({
  id,
  event_time: '2026-01-01 00:00:00',
  event_name: 'call.ringing',
  call_id: root,
  root_call_id: root,
  src: '1001',
  src_name: 'Alice',
  dst: '1002',
  dst_name: 'Bob',
  final: false,
  seq: 1,
  ...given,
})

it('follows the first call alone until it is over', () => {
  let call = NO_CALL
  call = withEvent(call, event('z', 6, { seq: 3 }))
  call = withEvent(call, event('y', 6, { call_id: 5 }))
  call = withEvent(call, event('a', 7))
  call = withEvent(call, event('b', 8))
  call = withEvent(call, event('a', 7))
  expect(call.events.map(({ id }) => id)).toEqual(['a'])
  call = withEvent(call, event('c', 7, { call_id: 9, seq: 1 }))
  call = withEvent(call, event('d', 7, { final: true, seq: 2 }))
  call = withEvent(call, event('e', 7))
  expect(call).toMatchObject({ root: 7, over: true })
  expect(call.events.map(({ id }) => id)).toEqual(['a', 'c', 'd'])
})
