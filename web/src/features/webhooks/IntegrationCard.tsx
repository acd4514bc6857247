import { Code, Group, Paper, Skeleton, Stack, Switch, Text } from '@mantine/core'
import { useState } from 'react'

import { useI18n } from '../../i18n'
import { Confirm } from '../../ui/confirm'
import { CopyButton } from '../../ui/CopyButton'
import { useErrorText } from '../../ui/errorText'
import { Fault } from '../../ui/Fault'
import { useIntegration, useSwitchIntegration } from './queries'

/** All webhooks at once: the switch, and where their POSTs come from. */
export function IntegrationCard() {
  const { t } = useI18n()
  const errorText = useErrorText()
  const integration = useIntegration()
  const change = useSwitchIntegration()
  const [asking, setAsking] = useState(false)
  if (integration.isPending) return <Skeleton height={96} />
  if (integration.isError) return <Fault error={integration.error} retry={() => void integration.refetch()} />
  const { enabled, egress_addresses: addresses } = integration.data
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
