/** Deliveries on the server. */

import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'

import { api, ApiError, filter, type List, type One } from '../../api/client'
import type { Delivery } from '../../api/types'
import { keys } from '../../live/caches'
import { conditions, type Filters } from './filters'

export const PAGE_SIZE = 50

export function useDeliveries(filters: Filters, page: number) {
  const wanted = conditions(filters)
  return useQuery({
    queryKey: [...keys.deliveries, 'list', wanted, page],
    queryFn: ({ signal }) =>
      api.get<List<Delivery>>('/deliveries', {
        query: { filter: filter(wanted), page, limit: PAGE_SIZE },
        signal,
      }),
    placeholderData: keepPreviousData,
  })
}

export function useDelivery(id: string) {
  return useQuery({
    queryKey: [...keys.deliveries, id],
    queryFn: async ({ signal }) =>
      (await api.get<One<Delivery>>(`/deliveries/${encodeURIComponent(id)}`, { signal })).data,
  })
}

/** All deliveries of one event, the newest first: sending one again makes another. */
export function useSiblings(event: string) {
  return useQuery({
    queryKey: [...keys.deliveries, 'event', event],
    queryFn: async ({ signal }) => {
      const query = { filter: filter([['event_id', 'eq', event]]), limit: PAGE_SIZE }
      return (await api.get<List<Delivery>>('/deliveries', { query, signal })).data
    },
  })
}

/** What came of sending one again: it is on its way, it was waiting already, or it was refused. */
export type Resent = { kind: 'sent' } | { kind: 'waiting' } | { kind: 'refused'; error: unknown }

export function useResend(): (id: number) => Promise<Resent> {
  const queries = useQueryClient()
  return useCallback(
    async (id) => {
      try {
        await api.post<One<Delivery>>(`/deliveries/${id}/resend`)
        // A list of many is not loaded anew for each of them before the next one goes out.
        void queries.invalidateQueries({ queryKey: keys.deliveries })
        return { kind: 'sent' }
      } catch (error) {
        if (error instanceof ApiError && error.status === 409) return { kind: 'waiting' }
        return { kind: 'refused', error }
      }
    },
    [queries],
  )
}
