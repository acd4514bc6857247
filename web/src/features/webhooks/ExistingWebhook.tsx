import { Anchor, Divider, Group, Paper, Skeleton, Stack } from '@mantine/core'
import { Link, useLocation } from 'wouter'

import type { Webhook } from '../../api/types'
import { useI18n } from '../../i18n'
import { Fault } from '../../ui/Fault'
import { isolate } from '../../ui/isolate'
import { Page } from '../../ui/Page'
import { ActiveSwitch } from './ActiveSwitch'
import { DeleteButton } from './DeleteButton'
import { LeaveGuard } from './LeaveGuard'
import { useActivity, useRotateSecret, useWebhook } from './queries'
import { Recover } from './Recover'
import { RotateSecret } from './RotateSecret'
import { SavedNote } from './SavedNote'
import { Sparkline } from './Sparkline'
import { StateBadge, StateText } from './StateBadge'
import { TestButton } from './TestButton'
import { useEditor } from './useEditor'
import { LastDelivery } from './WebhookCard'
import { WebhookForm } from './WebhookForm'

export function ExistingWebhook({ id }: { id: string }) {
  const { t } = useI18n()
  const webhook = useWebhook(id)
  // What was typed stays on the screen when a later load fails.
  if (webhook.data !== undefined) return <Known webhook={webhook.data} />
  return (
    <Page title={t('webhooks.edit_title')}>
      {webhook.isPending ? (
        <Skeleton height={240} aria-label={t('common.loading')} />
      ) : (
        <Fault error={webhook.error} retry={() => void webhook.refetch()} />
      )}
    </Page>
  )
}

function Known({ webhook }: { webhook: Webhook }) {
  const { t } = useI18n()
  const editor = useEditor(webhook)
  const { outcome } = editor
  const rotate = useRotateSecret(webhook.id)
  // It is shown this once: to leave the page is to lose it.
  const secret = rotate.isPending || typeof rotate.data === 'string'
  const typed = editor.dirty || editor.saving
  return (
    <Page title={t('webhooks.edit_of', { name: isolate(webhook.name) })}>
      <LeaveGuard when={typed || secret} text={secret && !typed ? t('webhooks.leave_secret') : undefined} />
      <Standing webhook={webhook} />
      {outcome?.kind === 'saved' && <SavedNote saved={outcome.saved} />}
      <WebhookForm editor={editor} webhook={webhook} />
      <Divider />
      <Stack maw={760} gap="xl">
        <RotateSecret rotate={rotate} />
        <Recover id={webhook.id} />
      </Stack>
    </Page>
  )
}

/** How it stands with the webhook, and what can be done to it at once. */
function Standing({ webhook }: { webhook: Webhook }) {
  const { t } = useI18n()
  const [, navigate] = useLocation()
  const hours = useActivity().data?.get(webhook.id)
  return (
    <Paper withBorder p="md">
      <Stack gap="sm">
        <Group justify="space-between">
          <Group gap="sm">
            <StateBadge webhook={webhook} />
            <LastDelivery at={webhook.last_delivery_at} />
            {hours !== undefined && <Sparkline hours={hours} />}
          </Group>
          <ActiveSwitch webhook={webhook} />
        </Group>
        <StateText webhook={webhook} />
        <Group gap="sm">
          <TestButton webhook={webhook} />
          <DeleteButton webhook={webhook} onDeleted={() => navigate('/webhooks', { replace: true })} />
          <Anchor component={Link} href={`/deliveries?webhook=${webhook.id}`} size="sm">
            {t('webhooks.its_deliveries')}
          </Anchor>
        </Group>
      </Stack>
    </Paper>
  )
}
