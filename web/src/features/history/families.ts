/** The records of one root, told as what they are: one conversation. */

import type { Cdr } from '../../api/types'
import type { Key } from '../../i18n'
import { takenAway } from '../../ui/callWords'
import type { Sorting } from '../../ui/SortHeader'
import { RESULTS } from './filters'

export interface Member {
  cdr: Cdr
  /** It comes of the call above it. */
  inner: boolean
}

/**
 * In the order of time, calls of one root stand together: the root first, where this page of the list has it, then what
 * came of it. In any other order each stands where that order has it.
 */
export function families(cdrs: readonly Cdr[], { column }: Sorting): Member[] {
  if (column !== 'calldate') return cdrs.map((cdr) => ({ cdr, inner: false }))
  const byRoot = new Map<number, Cdr[]>()
  for (const cdr of cdrs) {
    const family = byRoot.get(cdr.root_live_id)
    if (family === undefined) byRoot.set(cdr.root_live_id, [cdr])
    else family.push(cdr)
  }
  return [...byRoot.values()].flatMap((family) =>
    family
      .toSorted((a, b) => Number(b.is_root) - Number(a.is_root) || a.live_id - b.live_id)
      .map((cdr, place) => ({ cdr, inner: place > 0 })),
  )
}

/** What became of a call. */
export function resultOf(cdr: Pick<Cdr, 'cause' | 'disposition'>): Key {
  const taken = takenAway(cdr)
  return taken === null ? RESULTS[cdr.disposition] : `history.result_${taken}`
}
