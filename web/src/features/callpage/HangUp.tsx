import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'

import { api, ApiError } from '../../api/client'
import type { LiveCall } from '../../api/types'
import { useI18n } from '../../i18n'
import { keys } from '../../live/caches'
import { Confirm } from '../../ui/confirm'
import { cut } from '../../ui/cut'
import { useErrorText } from '../../ui/errorText'
import { isolate } from '../../ui/isolate'
import { partiesOf, partyText } from './party'

/** Ends a call for both sides. */
export function HangUp({ call }: { call: LiveCall }) {
  const { t } = useI18n()
  const errorText = useErrorText()
  const queries = useQueryClient()
  const [asking, ask] = useState(false)
  const { from, to } = partiesOf(call)
  const hangUp = useMutation({
    mutationFn: () => api.delete(`/calls/${call.id}`),
    onSuccess: () => notifications.show({ message: t('flow.call_hung_up') }),
    onError: (error) => {
      // It was over before: that is what was wanted.
      if (error instanceof ApiError && error.status === 404) return
      notifications.show({ color: 'red', message: errorText(error) })
    },
    onSettled: () => {
      ask(false)
      void queries.invalidateQueries({ queryKey: keys.calls })
    },
  })
  return (
    <>
      <Button color="red" variant="light" size="xs" onClick={() => ask(true)}>
        {t('flow.call_hang_up')}
      </Button>
      <Confirm
        opened={asking}
        onClose={() => ask(false)}
        title={t('flow.call_hang_up_title')}
        text={t('flow.call_hang_up_text', {
          from: isolate(cut(partyText(from))),
          to: isolate(cut(partyText(to))),
        })}
        action={t('flow.call_hang_up')}
        busy={hangUp.isPending}
        onConfirm={() => hangUp.mutate()}
      />
    </>
  )
}
