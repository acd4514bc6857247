import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation } from '@tanstack/react-query'

import { useI18n } from '../../i18n'
import { useErrorText } from '../../ui/errorText'
import { useResend } from '../deliveries/queries'

/** Sends a delivery once more. */
export function ResendButton({ id, name }: { id: number; name?: string }) {
  const { t } = useI18n()
  const errorText = useErrorText()
  const send = useResend()
  const resend = useMutation({
    mutationFn: () => send(id),
    onSuccess: (resent) => {
      switch (resent.kind) {
        case 'sent':
          notifications.show({ message: t('flow.resent') })
          break
        case 'waiting':
          notifications.show({ message: t('deliveries.waits_already') })
          break
        case 'refused':
          notifications.show({ color: 'red', message: errorText(resent.error) })
      }
    },
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
