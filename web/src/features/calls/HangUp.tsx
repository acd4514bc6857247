import { Button, Group } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { memo, useRef, useState } from 'react'

import { api, ApiError } from '../../api/client'
import { useI18n } from '../../i18n'
import { keys } from '../../live/caches'
import { useErrorText } from '../../ui/errorText'

interface Props {
  id: number
  /** Whom the call is from and to, for those who hear the button instead of seeing its row. */
  who: string
  onOver: (id: number) => void
}

/** Ends a call, after a second press in the same place. */
export const HangUp = memo(function HangUp({ id, who, onOver }: Props) {
  const { t } = useI18n()
  const queries = useQueryClient()
  const errorText = useErrorText()
  const [asking, setAsking] = useState(false)
  const first = useRef<HTMLButtonElement>(null)
  const hangUp = useMutation({
    mutationFn: () => api.delete(`/calls/${id}`),
    onSuccess: () => onOver(id),
    onError: (error) => {
      if (error instanceof ApiError && error.status === 404) {
        notifications.show({ message: t('calls.over_already') })
        onOver(id)
      } else {
        notifications.show({ color: 'red', title: t('calls.not_hung_up'), message: errorText(error) })
        setAsking(false)
      }
    },
    onSettled: () => void queries.invalidateQueries({ queryKey: keys.calls }),
  })
  const stop = () => {
    setAsking(false)
    requestAnimationFrame(() => first.current?.focus())
  }
  if (!asking) {
    return (
      <Button
        ref={first}
        size="compact-sm"
        variant="default"
        onClick={() => setAsking(true)}
        aria-label={t('calls.hang_up_who', { who })}
      >
        {t('calls.hang_up')}
      </Button>
    )
  }
  return (
    <Group
      gap={4}
      wrap="nowrap"
      role="group"
      aria-label={t('calls.hang_up_who', { who })}
      onKeyDown={(event) => {
        if (event.key === 'Escape') stop()
      }}
    >
      <Button
        size="compact-sm"
        color="red"
        autoFocus
        loading={hangUp.isPending}
        onClick={() => hangUp.mutate()}
      >
        {t('calls.hang_up_now')}
      </Button>
      <Button size="compact-sm" variant="default" onClick={stop}>
        {t('common.cancel')}
      </Button>
    </Group>
  )
})
