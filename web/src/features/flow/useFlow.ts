/** The ladder of a root call from the server, kept fresh while the call is up. */

import { useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'

import { api, ApiError, BASE } from '../../api/client'
import type { Flow } from '../../api/types'
import { keys } from '../../live/caches'

/** SIP messages without an event are not told by the stream. */
const PAUSE = 2_000
/** A ladder of thousands of rows is a few megabytes: not so often. */
const LONG_PAUSE = 10_000
const LONG = 1_000

export interface LoadedFlow {
  flow: Flow
  /** Where it came from; the exports are at the same place. */
  path: string
}

const NOTHING: Flow = { columns: [], rows: [], links: [], gaps: [] }

/** `cdr` is the CDR of any call of the root, for roots that the journal has forgotten. */
export function useFlow(root: number, cdr: number | null, live: boolean): UseQueryResult<LoadedFlow> {
  const queries = useQueryClient()
  const query = useQuery({
    queryKey: [...keys.flow, root],
    queryFn: ({ signal }) => load(root, cdr, signal),
    refetchInterval: ({ state }) => {
      if (!live) return false
      return (state.data?.flow.rows.length ?? 0) > LONG ? LONG_PAUSE : PAUSE
    },
  })
  const was = useRef(live)
  useEffect(() => {
    // The last messages of a call come after its end.
    if (was.current && !live) void queries.invalidateQueries({ queryKey: [...keys.flow, root] })
    was.current = live
  }, [queries, root, live])
  return query
}

async function load(root: number, cdr: number | null, signal: AbortSignal): Promise<LoadedFlow> {
  const places = [`/calls/${root}/flow`, ...(cdr === null ? [] : [`/cdrs/${cdr}/flow`])]
  for (const path of places) {
    try {
      return { flow: await api.get<Flow>(path, { signal }), path }
    } catch (error) {
      // Nothing is kept there: it is no failure, and the page says so in words.
      if (!(error instanceof ApiError && error.status === 404)) throw error
    }
  }
  return { flow: NOTHING, path: places.at(-1) ?? '' }
}

export const FORMATS = ['txt', 'svg', 'pcap', 'json'] as const

export function exportAddress(path: string, format: (typeof FORMATS)[number]): string {
  return `${BASE}${path}.${format}`
}
