/** The first call that comes in while somebody watches: its events, and whether it is over. */

/** What of an event's body is shown. */
export interface CallEvent {
  id: string
  event_time: string
  event_name: string
  call_id: number
  root_call_id: number
  src: string
  src_name: string
  dst: string
  dst_name: string
  final: boolean
  /** Counts the events of a call from 1. */
  seq: number | null
}

export interface FirstCall {
  /** Null until a call comes. */
  root: number | null
  events: CallEvent[]
  over: boolean
}

export const NO_CALL: FirstCall = { root: null, events: [], over: false }

/** Lines that are kept; a call with many keys pressed has more than anybody reads. */
const LINES = 50

/** Adds an event; those of other calls are passed over, and those that came before. */
export function withEvent(call: FirstCall, event: CallEvent): FirstCall {
  if (call.over || (call.root !== null && call.root !== event.root_call_id)) return call
  // A call that was there before is not seen from its middle.
  if (call.root === null && (event.seq !== 1 || event.call_id !== event.root_call_id)) return call
  if (call.events.some(({ id }) => id === event.id)) return call
  return {
    root: event.root_call_id,
    events: [...call.events, event].slice(-LINES),
    over: event.final,
  }
}
