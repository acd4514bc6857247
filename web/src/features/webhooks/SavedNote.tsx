import { Alert, Stack } from '@mantine/core'

import { useI18n } from '../../i18n'
import { Tried } from './Tried'
import type { Saved } from './useEditor'

/** That it is saved, and what the receiver answered to the test. */
export function SavedNote({ saved }: { saved: Saved }) {
  const { t } = useI18n()
  const { exchange, tested } = saved
  const status = exchange?.status ?? null
  return (
    <Stack gap="xs">
      <Alert color="green" role="status" title={t('webhooks.saved')}>
        {exchange !== null && status !== null
          ? t('webhooks.answered', { status: String(status), ms: exchange.ms })
          : t(tested ? 'webhooks.accepted' : 'webhooks.saved_text')}
      </Alert>
      {exchange !== null && <Tried title={t('webhooks.tried')} exchange={exchange} />}
    </Stack>
  )
}
