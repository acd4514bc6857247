/** Which of the live calls are shown, and in which order. */

import type { LiveCall } from '../../api/types'
import type { Sorting } from '../../ui/SortHeader'

export const COLUMNS = ['src', 'dst', 'state', 'start_time', 'context'] as const

export const NEWEST_FIRST: Sorting = { column: 'start_time', descending: true }

/** Calls with this text in a name or a number of either side. */
export function matching(calls: readonly LiveCall[], text: string): LiveCall[] {
  const wanted = text.trim().toLocaleLowerCase()
  if (wanted === '') return [...calls]
  return calls.filter((call) =>
    [call.src, call.src_name, call.dst, call.dst_name].some((part) =>
      part.toLocaleLowerCase().includes(wanted),
    ),
  )
}

function key(call: LiveCall, column: string): string | number {
  switch (column) {
    case 'src':
      return call.src_name === '' ? call.src : call.src_name
    case 'dst':
      return call.dst_name === '' ? call.dst : call.dst_name
    case 'state':
      return call.state
    case 'context':
      return call.context
    default:
      return call.start_time
  }
}

const letters = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })

/**
 * Sorted, with the calls of one root together: the root first, where it is there, then what came of it. Calls that are
 * alike in the column stay in the order of their ids, so that no update shuffles them.
 */
export function sorted(calls: LiveCall[], sorting: Sorting): LiveCall[] {
  const families = new Map<number, LiveCall[]>()
  for (const call of calls.toSorted((a, b) => a.id - b.id)) {
    const family = families.get(call.root_id)
    if (family === undefined) families.set(call.root_id, [call])
    else if (call.id === call.root_id) family.unshift(call)
    else family.push(call)
  }
  const heads = [...families.values()].flatMap(([head]) => head ?? [])
  return byColumn(heads, sorting).flatMap((head) => families.get(head.root_id) ?? [])
}

/** Whether a call comes of the one above it. */
export function isInner(calls: readonly LiveCall[], index: number): boolean {
  return index > 0 && calls[index]?.root_id === calls[index - 1]?.root_id
}

function byColumn(calls: LiveCall[], { column, descending }: Sorting): LiveCall[] {
  const sign = descending ? -1 : 1
  const keyed = calls.map((call) => ({ call, key: key(call, column) }))
  keyed.sort((a, b) => {
    const order =
      typeof a.key === 'number' && typeof b.key === 'number'
        ? a.key - b.key
        : letters.compare(String(a.key), String(b.key))
    return sign * (order === 0 ? a.call.id - b.call.id : order)
  })
  return keyed.map(({ call }) => call)
}
