import { Switch } from '@mantine/core'

import type { Webhook } from '../../api/types'
import { useI18n } from '../../i18n'
import { isolate } from '../../ui/isolate'
import { useErrorText } from '../../ui/errorText'
import { useSetActive } from './queries'

/** The admin's own switch. One that the server switched off stands off as well, and goes on again here. */
export function ActiveSwitch({ webhook }: { webhook: Webhook }) {
  const { t } = useI18n()
  const errorText = useErrorText()
  const change = useSetActive(webhook.id)
  const on = webhook.active && webhook.state !== 'disabled'
  return (
    <Switch
      style={{ flexShrink: 0 }}
      label={t('webhooks.switch')}
      aria-label={t('webhooks.switch_of', { name: isolate(webhook.name) })}
      checked={change.isPending ? change.variables : on}
      disabled={change.isPending}
      error={change.error === null ? undefined : errorText(change.error)}
      onChange={(event) => change.mutate(event.currentTarget.checked)}
    />
  )
}
