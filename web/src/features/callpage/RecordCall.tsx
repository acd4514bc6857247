import { Badge, Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'

import { api } from '../../api/client'
import type { LiveCall } from '../../api/types'
import { useI18n } from '../../i18n'
import { keys } from '../../live/caches'
import { RecordDot } from '../../ui/RecordDot'
import { useRefusal } from './useRefusal'

/** Starts and stops the recording of a call that is up. */
export function RecordCall({ call }: { call: LiveCall }) {
  const { t } = useI18n()
  const refusal = useRefusal()
  const queries = useQueryClient()
  const recorded = call.monitor_state === 1
  const record = useMutation({
    mutationFn: () => api.patch(`/calls/${call.id}`, { monitor_state: recorded ? 0 : 1 }),
    onSuccess: () => {
      if (!recorded) notifications.show({ title: t('recordings.started'), message: t('recordings.law') })
    },
    onError: (error) => notifications.show({ color: 'red', message: refusal(error) }),
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: keys.calls })
      void queries.invalidateQueries({ queryKey: keys.monitors })
    },
  })
  if (!recorded && call.state !== 'CONNECTED' && call.state !== 'ON_HOLD') return null
  return (
    <Button variant="default" size="xs" loading={record.isPending} onClick={() => record.mutate()}>
      {t(recorded ? 'recordings.stop' : 'recordings.start')}
    </Button>
  )
}

/** Says that a call is being recorded. */
export function Recorded() {
  const { t } = useI18n()
  return (
    <Badge color="red" variant="light" tt="none" size="lg" leftSection={<RecordDot />} role="status">
      {t('recordings.is_recorded')}
    </Badge>
  )
}
