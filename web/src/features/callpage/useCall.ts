/** A call by its id, up or over, and the other calls of its root. */

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'

import { api, ApiError, filter, type List, type One } from '../../api/client'
import type { Cdr, LiveCall } from '../../api/types'
import { keys } from '../../live/caches'
import { useStream } from '../../live/useStream'
import type { CallMessage } from '../calls/store'

const LIVE_PAUSE = 2_000
const STREAMED = ['call'] as const
/** A call that is over has its CDR a moment later; so often it is looked for. */
const CDR_PAUSE = 700
const CDR_TRIES = 6
/** Records are complete so long after the last call of a root was seen to be over. */
const SETTLES = 1_500

export interface FoundCall {
  /** `ending`: not up any more, and no record yet. */
  state: 'loading' | 'failed' | 'missing' | 'ending' | 'live' | 'ended'
  error: unknown
  live: LiveCall | null
  /** The call as it was last seen up: shown until its record is there, so that nothing under it is torn down. */
  last: LiveCall | null
  cdr: Cdr | null
  root: number | null
  retry: () => void
}

export function useCall(id: number): FoundCall {
  const live = useQuery({
    queryKey: [...keys.calls, 'one', id],
    queryFn: ({ signal }) => liveCall(id, signal),
    refetchInterval: ({ state }) => (state.data === null ? false : LIVE_PAUSE),
    staleTime: 0,
  })
  // What the stream tells of it is newer than any copy; of its end the next look tells.
  const queries = useQueryClient()
  useStream(STREAMED, (data) => {
    const told = data as CallMessage
    if (told.id === id && !('ended' in told)) queries.setQueryData([...keys.calls, 'one', id], told)
  })
  const up = live.data ?? null
  const over = live.data === null
  const [last, setLast] = useState<LiveCall | null>(null)
  if (up !== null && up !== last) setLast(up)
  const [tries, setTries] = useState(0)
  const cdr = useQuery({
    queryKey: [...keys.cdrs, 'call', id],
    queryFn: async ({ signal }) => {
      const found = await cdrs('live_id', id, signal)
      setTries((before) => before + 1)
      return found[0] ?? null
    },
    enabled: over,
    staleTime: 0,
    refetchInterval: ({ state }) => (state.data === null && tries < CDR_TRIES ? CDR_PAUSE : false),
  })
  useTurn(over)
  const found = cdr.data ?? null
  const root = up?.root_id ?? found?.root_live_id ?? last?.root_id ?? null
  const retry = () => {
    void live.refetch()
    if (over) void cdr.refetch()
  }
  const error = live.error ?? cdr.error
  const common = { error, live: up, last, cdr: found, root, retry }
  if (up !== null) return { ...common, state: 'live' }
  if (found !== null) return { ...common, state: 'ended' }
  if (error !== null && last === null) return { ...common, state: 'failed' }
  if (cdr.data === null && (last === null || tries >= CDR_TRIES)) {
    return { ...common, state: tries < CDR_TRIES ? 'loading' : 'missing' }
  }
  return { ...common, state: last === null ? 'loading' : 'ending' }
}

/** All calls of a root: those that are up, and the records of the others. */
export function useRoot(root: number | null, ended: boolean): { live: LiveCall[]; cdrs: Cdr[] } {
  const live = useQuery({
    queryKey: [...keys.calls, 'root', root],
    queryFn: async ({ signal }) =>
      (await api.get<List<LiveCall>>('/calls', { query: rootQuery('root_id', root), signal })).data,
    enabled: root !== null,
    refetchInterval: ({ state }) => (ended && state.data?.length === 0 ? false : LIVE_PAUSE),
  })
  const past = useQuery({
    queryKey: [...keys.cdrs, 'root', root],
    queryFn: ({ signal }) => cdrs('root_live_id', root ?? 0, signal),
    enabled: root !== null,
    // No stream tells a user of the records, which follow the end of the last call by a moment.
    refetchInterval: ({ state }) =>
      ended && live.data?.length === 0 && state.dataUpdatedAt > live.dataUpdatedAt + SETTLES
        ? false
        : LIVE_PAUSE,
  })
  const up = live.data ?? []
  // A call that is just over can still be in the older of the two lists.
  const over = (past.data ?? []).filter((cdr) => !up.some((call) => call.id === cdr.live_id))
  return { live: up, cdrs: over }
}

function rootQuery(property: string, value: number | null) {
  return { filter: filter([[property, 'eq', value ?? 0]]), limit: 200 }
}

async function liveCall(id: number, signal: AbortSignal): Promise<LiveCall | null> {
  try {
    return (await api.get<One<LiveCall>>(`/calls/${id}`, { signal })).data
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null
    throw error
  }
}

async function cdrs(property: string, value: number, signal: AbortSignal): Promise<Cdr[]> {
  const list = await api.get<List<Cdr>>('/cdrs', { query: rootQuery(property, value), signal })
  return list.data.toSorted((one, other) => one.live_id - other.live_id)
}

/** When the call ends, what was loaded of it before is loaded anew. */
function useTurn(over: boolean): void {
  const queries = useQueryClient()
  const was = useRef(over)
  useEffect(() => {
    if (over && !was.current) void queries.invalidateQueries({ queryKey: keys.cdrs })
    was.current = over
  }, [queries, over])
}
