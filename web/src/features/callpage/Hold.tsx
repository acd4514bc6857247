import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'

import { api } from '../../api/client'
import type { LiveCall } from '../../api/types'
import { useI18n } from '../../i18n'
import { keys } from '../../live/caches'
import { useRefusal } from './useRefusal'

/** Holds a call, or takes it back. */
export function Hold({ call }: { call: LiveCall }) {
  const { t } = useI18n()
  const refusal = useRefusal()
  const queries = useQueryClient()
  const held = call.state === 'ON_HOLD'
  const hold = useMutation({
    mutationFn: () => api.patch(`/calls/${call.id}`, { state: held ? 'CONNECTED' : 'ON_HOLD' }),
    onError: (error) => notifications.show({ color: 'red', message: refusal(error) }),
    onSettled: () => void queries.invalidateQueries({ queryKey: keys.calls }),
  })
  if (!held && call.state !== 'CONNECTED') return null
  return (
    <Button variant="default" size="xs" loading={hold.isPending} onClick={() => hold.mutate()}>
      {t(held ? 'flow.call_resume' : 'flow.call_hold')}
    </Button>
  )
}
