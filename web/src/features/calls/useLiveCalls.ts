import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState, useSyncExternalStore } from 'react'

import { api, type List } from '../../api/client'
import type { LiveCall } from '../../api/types'
import { keys } from '../../live/caches'
import { stream } from '../../live/stream'
import { useStream, useStreamState } from '../../live/useStream'
import { type CallMessage, CallStore, type Snapshot } from './store'

/** How often the list is asked for where no stream tells of changes: a user's page, or while it is away. */
const POLL = 3_000

const STREAMED = ['call'] as const

interface LiveCalls {
  snapshot: Snapshot
  store: CallStore
  pending: boolean
  /** Whether a list was ever there. */
  loaded: boolean
  error: Error | null
  retry: () => void
}

/** The calls that are up: loaded once, then patched by the stream. `reopened` and `lagged` load them anew. */
export function useLiveCalls(): LiveCalls {
  const [store] = useState(() => new CallStore())
  const live = useStreamState() === 'live'
  useStream(STREAMED, (message) => store.take(message as CallMessage))
  // Whether the stream was open when the list was asked for last: then it tells of every change since.
  const covered = useRef(false)
  const { refetch, isPending, data, error } = useQuery({
    queryKey: keys.calls,
    queryFn: async ({ signal }) => {
      covered.current = stream.state === 'live'
      const asked = store.expect()
      const { data, total } = await api.get<List<LiveCall>>('/calls', { query: { limit: 10_000 }, signal })
      store.load(asked, data)
      return total
    },
    refetchInterval: live ? false : POLL,
    refetchOnMount: 'always',
    // The rows live as long as this screen, so must the note that they were loaded.
    gcTime: 0,
  })
  // What changed between the first load and the moment the stream opened was told to nobody. One that opened again
  // makes all be loaded anew by itself, which is under way by now.
  useEffect(() => {
    if (live && !covered.current) void refetch()
  }, [live, refetch])
  const snapshot = useSyncExternalStore(store.subscribe, store.snapshot)
  return {
    snapshot,
    store,
    pending: isPending,
    loaded: data !== undefined,
    error,
    retry: () => void refetch(),
  }
}
