import { Alert, Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'

import { useI18n } from '../i18n'

interface Props {
  opened: boolean
  onClose: () => void
  title: string
  text: string
  /** What has to be typed; without it a click is enough. */
  name?: string
  action: string
  busy?: boolean
  /** Why it was refused. */
  error?: string | undefined
  onConfirm: () => void
}

/** Asks before something that cannot be undone; what is gone for good is confirmed by its name. */
export function Confirm({
  opened,
  onClose,
  title,
  text,
  name,
  action,
  busy = false,
  error,
  onConfirm,
}: Props) {
  const { t } = useI18n()
  const [typed, setTyped] = useState('')
  const close = () => {
    setTyped('')
    onClose()
  }
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={title}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (name === undefined || typed === name) onConfirm()
        }}
      >
        <Stack>
          <Text>{text}</Text>
          {name !== undefined && (
            <TextInput
              label={t('common.type_name', { name })}
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
              data-autofocus
            />
          )}
          {error !== undefined && (
            <Alert color="red" role="alert">
              {error}
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t('common.cancel')}
            </Button>
            <Button color="red" type="submit" loading={busy} disabled={name !== undefined && typed !== name}>
              {action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
