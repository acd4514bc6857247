import { Code, Group, Paper, Skeleton, Stack, Switch, Text } from '@mantine/core'
import { useState } from 'react'

import type { Integration } from '../../api/types'
import { useI18n } from '../../i18n'
import { Confirm } from '../../ui/confirm'
import { CopyButton } from '../../ui/CopyButton'
import { useErrorText } from '../../ui/errorText'
import { Loaded } from '../../ui/Loaded'
import { useIntegration, useSwitchIntegration } from './queries'

/** All webhooks at once: the switch, and where their POSTs come from. */
export function IntegrationCard() {
  return (
    <Loaded query={useIntegration()} waiting={<Skeleton height={96} />}>
      {(integration) => <Known integration={integration} />}
    </Loaded>
  )
}

function Known({ integration }: { integration: Integration }) {
  const { t } = useI18n()
  const errorText = useErrorText()
  const change = useSwitchIntegration()
  const [asking, setAsking] = useState(false)
  const { enabled, egress_addresses: addresses } = integration
  return (
    <Paper withBorder p="md">
      <Stack gap="md">
        <Switch
          label={t('webhooks.all_active')}
          description={t(enabled ? 'webhooks.all_on' : 'webhooks.all_off')}
          checked={enabled}
          disabled={change.isPending}
          error={change.error === null ? undefined : errorText(change.error)}
          onChange={(event) => {
            if (event.currentTarget.checked) change.mutate(true)
            else setAsking(true)
          }}
        />
        <Addresses addresses={addresses} />
      </Stack>
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        title={t('webhooks.all_off_title')}
        text={t('webhooks.all_off_text')}
        action={t('webhooks.all_off_do')}
        busy={change.isPending}
        onConfirm={() => change.mutate(false, { onSettled: () => setAsking(false) })}
      />
    </Paper>
  )
}

function Addresses({ addresses }: { addresses: string[] }) {
  const { t } = useI18n()
  if (addresses.length === 0) return null
  return (
    <Stack gap={4}>
      <Text size="sm">{t('webhooks.egress')}</Text>
      <Group gap="xs">
        {addresses.map((address) => (
          <Code key={address}>{address}</Code>
        ))}
        <CopyButton text={addresses.join('\n')} label={t('webhooks.egress_copy')} />
      </Group>
    </Stack>
  )
}
