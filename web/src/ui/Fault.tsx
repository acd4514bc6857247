import { Alert, Button, Stack } from '@mantine/core'

import { useI18n } from '../i18n'
import { useErrorText } from './errorText'

/** What could not be shown, why, and another try. */
export function Fault({ title, error, retry }: { title?: string; error?: unknown; retry?: () => void }) {
  const { t } = useI18n()
  const errorText = useErrorText()
  return (
    <Alert color="red" title={title ?? t('common.failed')} role="alert" maw={640}>
      <Stack align="flex-start" gap="xs">
        {error !== undefined && errorText(error)}
        {retry !== undefined && (
          <Button variant="default" size="xs" onClick={retry}>
            {t('common.retry')}
          </Button>
        )}
      </Stack>
    </Alert>
  )
}
