import { Center, Loader } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Redirect } from 'wouter'

import { api, type List } from '../../api/client'
import type { Phone, Webhook } from '../../api/types'
import { useI18n } from '../../i18n'
import { keys } from '../../live/caches'
import { useSession } from '../session/session'
import { readProgress } from './progress'

/** Whether nothing is set up yet. */
async function isNew(): Promise<boolean> {
  const query = { limit: 1 }
  const [phones, webhooks] = await Promise.all([
    api.get<List<Phone>>('/phones', { query }),
    api.get<List<Webhook>>('/webhooks', { query }),
  ])
  return phones.total === 0 && webhooks.total === 0
}

/** Where somebody who opens the page begins: on a new server with its first steps, else with the calls. */
export function Start() {
  const { t } = useI18n()
  const { me } = useSession()
  const asks = me.role === 'admin' && !readProgress().dismissed
  const fresh = useQuery({ queryKey: [...keys.phones, 'new'], queryFn: isNew, enabled: asks, staleTime: 0 })
  if (asks && fresh.isPending) {
    return (
      <Center mih={200}>
        <Loader aria-label={t('common.loading')} />
      </Center>
    )
  }
  return <Redirect to={asks && fresh.data === true ? '/welcome' : '/calls'} replace />
}
