import { filter } from '../../api/client'
import type { Cdr } from '../../api/types'
import { keys } from '../../live/caches'
import { useList } from '../../ui/useList'
import { useSession } from '../session/session'
import { conditions, order, type View } from './filters'

/** One page of the history. */
export function useCdrs(view: View) {
  const { me } = useSession()
  const admin = me.role === 'admin'
  return useList<Cdr>('/cdrs', [...keys.cdrs, 'history'], {
    filter: filter(conditions(view.filters)),
    sort: order(view),
    page: view.page,
    limit: view.size,
    // How the webhooks of a call fared is no business of a user's.
    include: admin ? 'deliveries' : null,
  })
}
