/** The ladder of a root call from the server, kept fresh while the call is up. */

import { useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query'
import { useEffect, useMemo, useRef } from 'react'

import { api, ApiError, BASE } from '../../api/client'
import type { Flow } from '../../api/types'
import { CALL_EVENTS } from '../../live/stream'
import { useStream } from '../../live/useStream'

/** SIP messages without an event are not told by the stream. */
const PAUSE = 2_000
/** What the stream tells is shown soon, and what it tells at once is loaded once. */
const TOLD_PAUSE = 500
/** A ladder of thousands of rows is a few megabytes: not so often, whoever asks. */
const LONG_PAUSE = 10_000
const LONG = 1_000

/** How long a load waits that a notice asks for at `now`, given when the one before it was done. */
export function waitOf(rows: number, loaded: number, now: number): number {
  return rows > LONG ? Math.max(TOLD_PAUSE, loaded + LONG_PAUSE - now) : TOLD_PAUSE
}

export interface LoadedFlow {
  flow: Flow
  /** Where it came from; the exports are at the same place. */
  path: string
}

const NOTHING: Flow = { columns: [], rows: [], links: [], gaps: [] }

/** `cdr` is the CDR of any call of the root, for roots that the journal has forgotten. */
export function useFlow(root: number, cdr: number | null, live: boolean): UseQueryResult<LoadedFlow> {
  const queries = useQueryClient()
  // Not one of those that every notice makes stale at once: a long ladder waits.
  const queryKey = useMemo(() => ['ladder', root], [root])
  const query = useQuery({
    queryKey,
    queryFn: ({ signal }) => load(root, cdr, signal),
    // While nobody looked at it, it heard of nothing.
    staleTime: 0,
    refetchInterval: ({ state }) => {
      if (!live) return false
      return (state.data?.flow.rows.length ?? 0) > LONG ? LONG_PAUSE : PAUSE
    },
  })
  const due = useRef<ReturnType<typeof setTimeout> | null>(null)
  useEffect(
    () => () => {
      if (due.current !== null) clearTimeout(due.current)
      due.current = null
    },
    [queryKey],
  )
  useStream([...CALL_EVENTS, 'delivery'], (data) => {
    if ((data as { root_call_id: number }).root_call_id !== root) return
    const wait = waitOf(query.data?.flow.rows.length ?? 0, query.dataUpdatedAt, Date.now())
    due.current ??= setTimeout(() => {
      due.current = null
      void queries.invalidateQueries({ queryKey })
    }, wait)
  })
  const was = useRef(live)
  useEffect(() => {
    // The last messages of a call come after its end.
    if (was.current && !live) void queries.invalidateQueries({ queryKey })
    was.current = live
  }, [queries, queryKey, live])
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
