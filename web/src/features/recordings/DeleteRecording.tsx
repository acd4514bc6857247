import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useState } from 'react'

import { useI18n } from '../../i18n'
import { Confirm } from '../../ui/confirm'
import { useErrorText } from '../../ui/errorText'
import { useDeleteRecording } from './queries'

/** Deletes a recording for good, after it was asked for twice. */
export function DeleteRecording({ id, who, onDeleted }: { id: number; who: string; onDeleted?: () => void }) {
  const { t } = useI18n()
  const errorText = useErrorText()
  const [asking, ask] = useState(false)
  const remove = useDeleteRecording()
  return (
    <>
      <Button color="red" variant="light" size="xs" onClick={() => ask(true)}>
        {t('common.delete')}
      </Button>
      <Confirm
        opened={asking}
        onClose={() => {
          ask(false)
          remove.reset()
        }}
        title={t('recordings.delete_title')}
        text={t('recordings.delete_text', { who })}
        action={t('common.delete')}
        busy={remove.isPending}
        error={remove.isError ? errorText(remove.error) : undefined}
        onConfirm={() =>
          remove.mutate(id, {
            onSuccess: () => {
              ask(false)
              notifications.show({ message: t('recordings.deleted') })
              onDeleted?.()
            },
          })
        }
      />
    </>
  )
}
