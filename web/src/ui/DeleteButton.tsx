import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useState } from 'react'

import { useI18n } from '../i18n'
import { Confirm } from './confirm'
import { useErrorText } from './errorText'
import type { Deletion } from './useDelete'

interface Props {
  id: number
  remove: Deletion
  title: string
  text: string
  /** What is told once it is gone. */
  done: string
  /** Why it was refused, where there are better words for it than for any error of its kind. */
  refusal?: (error: Error) => string | undefined
  onDeleted?: () => void
}

/** Deletes something for good, after it was asked for twice. */
export function DeleteButton({ id, remove, title, text, done, refusal, onDeleted }: Props) {
  const { t } = useI18n()
  const errorText = useErrorText()
  const [asking, ask] = useState(false)
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
        title={title}
        text={text}
        action={t('common.delete')}
        busy={remove.isPending}
        error={remove.isError ? (refusal?.(remove.error) ?? errorText(remove.error)) : undefined}
        onConfirm={() =>
          remove.mutate(id, {
            onSuccess: () => {
              ask(false)
              notifications.show({ message: done })
              onDeleted?.()
            },
          })
        }
      />
    </>
  )
}
