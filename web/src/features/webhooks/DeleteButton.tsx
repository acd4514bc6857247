import { Button, type ButtonProps } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useState } from 'react'

import { useI18n } from '../../i18n'
import { Confirm } from '../../ui/confirm'
import { cut } from '../../ui/cut'
import { useErrorText } from '../../ui/errorText'
import { isolate } from '../../ui/isolate'
import { confirmName } from '../people/names'
import { useDeleteWebhook } from './queries'

interface Props extends ButtonProps {
  webhook: { id: number; name: string }
  onDeleted?: () => void
}

export function DeleteButton({ webhook, onDeleted, ...button }: Props) {
  const { t } = useI18n()
  const errorText = useErrorText()
  const [asking, setAsking] = useState(false)
  const remove = useDeleteWebhook(webhook.id)
  const confirmed = () =>
    remove.mutate(undefined, {
      onSuccess: () => {
        setAsking(false)
        notifications.show({ message: t('webhooks.deleted', { name: isolate(cut(webhook.name)) }) })
        onDeleted?.()
      },
      onError: (error) => notifications.show({ color: 'red', message: errorText(error) }),
    })
  return (
    <>
      <Button variant="default" size="xs" {...button} onClick={() => setAsking(true)} aria-haspopup="dialog">
        {t('common.delete')}
      </Button>
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        title={t('webhooks.delete_title')}
        text={t('webhooks.delete_text')}
        name={confirmName(webhook.name, String(webhook.id))}
        action={t('common.delete')}
        busy={remove.isPending}
        onConfirm={confirmed}
      />
    </>
  )
}
