import { keepPreviousData, type QueryKey, useQuery } from '@tanstack/react-query'

import { api, type List, type Query } from '../api/client'
import { useStreamState } from '../live/useStream'

/** How often a list is asked for where no stream tells of what is new. */
const POLL = 10_000

/** One page of a list of the API; the one before stays until the next one is there. */
export function useList<T>(path: string, key: QueryKey, query: Query) {
  const live = useStreamState() === 'live'
  return useQuery({
    queryKey: [...key, query],
    queryFn: ({ signal }) => api.get<List<T>>(path, { query, signal }),
    placeholderData: keepPreviousData,
    refetchInterval: live ? false : POLL,
  })
}
