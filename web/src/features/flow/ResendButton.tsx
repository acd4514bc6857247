import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'

import { api } from '../../api/client'
import { useI18n } from '../../i18n'
import { keys } from '../../live/caches'
import { useErrorText } from '../../ui/errorText'

/** Sends a delivery once more. */
export function ResendButton({ id, name }: { id: number; name?: string }) {
  const { t } = useI18n()
  const errorText = useErrorText()
  const queries = useQueryClient()
  const resend = useMutation({
    mutationFn: () => api.post(`/deliveries/${id}/resend`),
    onSuccess: () => {
      notifications.show({ message: t('flow.resent') })
      void queries.invalidateQueries({ queryKey: keys.deliveries })
      void queries.invalidateQueries({ queryKey: keys.flow })
    },
    onError: (error) => notifications.show({ color: 'red', message: errorText(error) }),
  })
  return (
    <Button
      size="compact-sm"
      variant="default"
      loading={resend.isPending}
      onClick={() => resend.mutate()}
      aria-label={name}
    >
      {t('flow.resend')}
    </Button>
  )
}
