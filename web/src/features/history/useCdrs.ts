import { keepPreviousData, useQuery } from '@tanstack/react-query'

import { api, filter, type List } from '../../api/client'
import type { Cdr } from '../../api/types'
import { keys } from '../../live/caches'
import { useStreamState } from '../../live/useStream'
import { useSession } from '../session/session'
import { conditions, order, type View } from './filters'

/** How often the page is asked for where no stream tells of calls that ended. */
const POLL = 10_000

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
    // How the webhooks of a call fared is no business of a user's.
    include: admin ? 'deliveries' : null,
  }
  return useQuery({
    queryKey: [...keys.cdrs, 'history', query],
    queryFn: ({ signal }) => api.get<List<Cdr>>('/cdrs', { query, signal }),
    placeholderData: keepPreviousData,
    refetchInterval: live ? false : POLL,
  })
}
