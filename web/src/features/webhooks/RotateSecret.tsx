import { Alert, Button, Code, Group, Stack, Text, Title } from '@mantine/core'
import { useState } from 'react'

import { useI18n } from '../../i18n'
import { Confirm } from '../../ui/confirm'
import { CopyButton } from '../../ui/CopyButton'
import { useErrorText } from '../../ui/errorText'
import type { useRotateSecret } from './queries'

/** A new secret, shown once; the old one signs beside it for a day, so that the receiver can change over. */
export function RotateSecret({ rotate }: { rotate: ReturnType<typeof useRotateSecret> }) {
  const { t } = useI18n()
  const errorText = useErrorText()
  const [asking, setAsking] = useState(false)
  const secret = rotate.data ?? null
  return (
    <Stack gap="xs" align="flex-start">
      <Title order={2} size="h4">
        {t('webhooks.secret')}
      </Title>
      <Text size="sm" c="dimmed">
        {t('webhooks.rotate_about')}
      </Text>
      {rotate.isError && (
        <Alert color="red" role="alert">
          {errorText(rotate.error)}
        </Alert>
      )}
      {secret !== null && (
        <Alert color="green" role="status" title={t('webhooks.rotated')}>
          <Stack gap="xs" align="flex-start">
            <Text size="sm">{t('webhooks.rotated_text')}</Text>
            <Code fz="sm" data-testid="secret">
              {secret}
            </Code>
            <Group gap="xs">
              <CopyButton text={secret} label={t('webhooks.secret_copy')} />
              <Button variant="default" size="xs" onClick={() => rotate.reset()}>
                {t('webhooks.secret_kept')}
              </Button>
            </Group>
          </Stack>
        </Alert>
      )}
      <Button variant="default" size="xs" onClick={() => setAsking(true)} aria-haspopup="dialog">
        {t('webhooks.rotate')}
      </Button>
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        title={t('webhooks.rotate_title')}
        text={t('webhooks.rotate_text')}
        action={t('webhooks.rotate_do')}
        busy={rotate.isPending}
        onConfirm={() => rotate.mutate(undefined, { onSettled: () => setAsking(false) })}
      />
    </Stack>
  )
}
