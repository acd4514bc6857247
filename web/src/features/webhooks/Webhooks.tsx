import { Button, Paper, Skeleton, Stack, Text, Title } from '@mantine/core'
import { Link } from 'wouter'

import { useI18n } from '../../i18n'
import { Fault } from '../../ui/Fault'
import { Page } from '../../ui/Page'
import { IntegrationCard } from './IntegrationCard'
import { useActivity, useWebhooks } from './queries'
import { WebhookCard } from './WebhookCard'

export default function Webhooks() {
  const { t } = useI18n()
  return (
    <Page
      title={t('webhooks.title')}
      actions={
        <Button component={Link} href="/webhooks/new">
          {t('webhooks.add')}
        </Button>
      }
    >
      <IntegrationCard />
      <WebhookList />
    </Page>
  )
}

function WebhookList() {
  const { t } = useI18n()
  const webhooks = useWebhooks()
  const activity = useActivity()
  if (webhooks.isPending) return <Skeleton height={160} aria-label={t('common.loading')} />
  if (webhooks.isError) return <Fault error={webhooks.error} retry={() => void webhooks.refetch()} />
  if (webhooks.data.data.length === 0) return <Empty />
  return (
    <Stack component="ul" p={0} m={0} style={{ listStyle: 'none' }} aria-label={t('webhooks.title')}>
      {webhooks.data.data.map((webhook) => (
        <WebhookCard key={webhook.id} webhook={webhook} hours={activity.data?.get(webhook.id)} />
      ))}
    </Stack>
  )
}

function Empty() {
  const { t } = useI18n()
  return (
    <Paper withBorder p="xl">
      <Stack align="flex-start" maw={640}>
        <Title order={2} size="h4">
          {t('webhooks.none_title')}
        </Title>
        <Text>{t('webhooks.none_text')}</Text>
        <Button component={Link} href="/webhooks/new">
          {t('webhooks.none_add')}
        </Button>
      </Stack>
    </Paper>
  )
}
