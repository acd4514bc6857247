import { useState } from 'react'

import { CALL_EVENTS } from '../../live/stream'
import { useStream } from '../../live/useStream'
import { type CallEvent, type FirstCall, NO_CALL, withEvent } from './firstCall'

/** The first call from now on, and a way to wait for another one. */
export function useFirstCall(): [FirstCall, () => void] {
  const [call, setCall] = useState(NO_CALL)
  useStream(CALL_EVENTS, (event) => setCall((before) => withEvent(before, event as CallEvent)))
  return [call, () => setCall(NO_CALL)]
}
