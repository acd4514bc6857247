/** Recordings of the server. */

import { keepPreviousData, useQuery } from '@tanstack/react-query'

import { api, filter, type List, type One } from '../../api/client'
import type { Monitor, Peaks } from '../../api/types'
import { keys } from '../../live/caches'
import { useStreamState } from '../../live/useStream'
import { useList } from '../../ui/useList'
import { conditions, order, type View } from './filters'

/** How often a call that is up is asked for where no stream tells of new recordings. */
const POLL = 10_000

/** As many as a wide screen has room for: a bar is three pixels wide. */
const POINTS = 800

/** One page of the list. */
export function useRecordings(view: View) {
  return useList<Monitor>('/monitors', [...keys.monitors, 'list'], {
    filter: filter(conditions(view.filters)),
    sort: order(view),
    page: view.page,
    limit: view.size,
  })
}

/** The recordings of some calls, in the order of time. */
export function useRecordingsOf(calls: readonly number[], up: boolean) {
  const live = useStreamState() === 'live'
  return useQuery({
    queryKey: [...keys.monitors, 'calls', ...calls],
    queryFn: async ({ signal }) => {
      const lists = await Promise.all(calls.map((call) => recordingsOf(call, signal)))
      return lists.flat().toSorted((one, other) => one.id - other.id)
    },
    placeholderData: keepPreviousData,
    refetchInterval: live || !up ? false : POLL,
  })
}

async function recordingsOf(call: number, signal: AbortSignal): Promise<Monitor[]> {
  const query = { filter: filter([['live_id', 'eq', call]]), limit: 100 }
  return (await api.get<List<Monitor>>('/monitors', { query, signal })).data
}

/** How a recording looks; it never changes. */
export function usePeaks(id: number) {
  return useQuery({
    queryKey: [...keys.peaks, id],
    queryFn: async ({ signal }) =>
      (await api.get<One<Peaks>>(`/monitors/${id}/peaks`, { query: { points: POINTS }, signal })).data,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  })
}
