/** Which calls of a conversation can have a recording, and who is heard on it. */

import type { Cdr, LiveCall, Monitor } from '../../api/types'
import { partiesOf, type Party } from './party'

/** The calls that were answered; what was never answered has no sound. */
export function answered(live: readonly LiveCall[], cdrs: readonly Cdr[]): number[] {
  const up = live.filter(({ connected_at }) => connected_at !== null).map(({ id }) => id)
  const over = cdrs.filter(({ disposition }) => disposition === 'CONNECTED').map(({ live_id }) => live_id)
  return [...new Set([...up, ...over])].toSorted((one, other) => one - other)
}

/** Caller and called side of a recording, with their names where its call is known. */
export function speakers(
  recording: Pick<Monitor, 'live_id' | 'caller' | 'called'>,
  live: readonly LiveCall[],
  cdrs: readonly Cdr[],
): { from: Pick<Party, 'name' | 'number'>; to: Pick<Party, 'name' | 'number'> } {
  const call =
    cdrs.find(({ live_id }) => live_id === recording.live_id) ??
    live.find(({ id }) => id === recording.live_id)
  if (call !== undefined) return partiesOf(call)
  return { from: { name: '', number: recording.caller }, to: { name: '', number: recording.called } }
}
