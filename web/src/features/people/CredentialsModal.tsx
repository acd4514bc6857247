import { Button, Group, Modal, Stack } from '@mantine/core'

import type { Phone } from '../../api/types'
import { useI18n } from '../../i18n'
import { Credentials } from './Credentials'

/** The credentials in front of the page. A click beside it or Escape must not lose what is never shown again. */
export function CredentialsModal({ phone, onClose }: { phone: Phone; onClose: () => void }) {
  const { t } = useI18n()
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('people.credentials')}
      size="lg"
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
    >
      <Stack>
        <Credentials phone={phone} />
        <Group justify="flex-end">
          <Button onClick={onClose} data-autofocus>
            {t('people.noted')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
