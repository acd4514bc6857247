import { keepPreviousData, useQuery } from '@tanstack/react-query'

import { api, ApiError, filter, type List, type Query } from '../../api/client'
import type { Cdr } from '../../api/types'
import { keys } from '../../live/caches'
import { useStreamState } from '../../live/useStream'
import { useSession } from '../session/session'
import { conditions, order, type View } from './filters'

/** How often the page is asked for where no stream tells of calls that ended. */
const POLL = 10_000

/** False once the server said that it cannot add the deliveries; it is not asked again. */
let knowsDeliveries = true

async function load(query: Query, signal: AbortSignal, deliveries: boolean): Promise<List<Cdr>> {
  if (deliveries && knowsDeliveries) {
    try {
      return await api.get<List<Cdr>>('/cdrs', { query: { ...query, include: 'deliveries' }, signal })
    } catch (error) {
      const refused = error instanceof ApiError && error.status === 400 && error.code === 'invalid_parameter'
      if (!refused) throw error
      knowsDeliveries = false
    }
  }
  return api.get<List<Cdr>>('/cdrs', { query, signal })
}

/** One page of the history; the one before stays until the next one is there. */
export function useCdrs(view: View) {
  const live = useStreamState() === 'live'
  const { me } = useSession()
  const admin = me.role === 'admin'
  const query = {
    filter: filter(conditions(view.filters)),
    sort: order(view),
    page: view.page,
    limit: view.size,
  }
  return useQuery({
    queryKey: [...keys.cdrs, 'history', query, admin],
    queryFn: ({ signal }) => load(query, signal, admin),
    placeholderData: keepPreviousData,
    refetchInterval: live ? false : POLL,
  })
}
