import { Button, Paper, Skeleton, Stack, Text, Title } from '@mantine/core'
import { Link } from 'wouter'

import { useI18n } from '../../i18n'
import { Loaded } from '../../ui/Loaded'
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
  return (
    <Loaded query={webhooks} waiting={<Skeleton height={160} aria-label={t('common.loading')} />}>
      {({ data }) =>
        data.length === 0 ? (
          <Empty />
        ) : (
          <Stack component="ul" p={0} m={0} style={{ listStyle: 'none' }} aria-label={t('webhooks.title')}>
            {data.map((webhook) => (
              <WebhookCard key={webhook.id} webhook={webhook} hours={activity.data?.get(webhook.id)} />
            ))}
          </Stack>
        )
      }
    </Loaded>
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
