import { Anchor, Skeleton, Text } from '@mantine/core'
import { Link, useParams } from 'wouter'

import type { Delivery } from '../../api/types'
import { useI18n } from '../../i18n'
import { Fault } from '../../ui/Fault'
import { Page } from '../../ui/Page'
import { useWebhooks } from '../webhooks/queries'
import { AttemptList } from './AttemptList'
import { DeliveryActions } from './DeliveryActions'
import { DeliveryFacts } from './DeliveryFacts'
import { EventBody } from './EventBody'
import { useDelivery } from './queries'
import { Siblings } from './Siblings'

export default function DeliveryPage() {
  const { id = '' } = useParams()
  return <One key={id} id={id} />
}

function One({ id }: { id: string }) {
  const { t } = useI18n()
  const delivery = useDelivery(id)
  return (
    <Page title={t('deliveries.delivery', { id })}>
      <Anchor component={Link} href="/deliveries" size="sm">
        {t('deliveries.to_list')}
      </Anchor>
      {delivery.data !== undefined ? (
        <Known delivery={delivery.data} />
      ) : delivery.isPending ? (
        <Skeleton height={320} aria-label={t('common.loading')} />
      ) : (
        <Fault error={delivery.error} retry={() => void delivery.refetch()} />
      )}
    </Page>
  )
}

function Known({ delivery }: { delivery: Delivery }) {
  const { t } = useI18n()
  const webhooks = useWebhooks()
  const webhook = webhooks.data?.data.find(({ id }) => id === delivery.webhook_id)
  return (
    <>
      <DeliveryActions delivery={delivery} webhook={webhook} />
      {webhooks.isSuccess && webhook === undefined && (
        <Text size="sm" c="dimmed">
          {t('deliveries.webhook_gone')}
        </Text>
      )}
      <DeliveryFacts delivery={delivery} webhook={webhook} />
      <Siblings delivery={delivery} webhooks={webhooks.data?.data ?? []} />
      <AttemptList delivery={delivery} />
      <EventBody body={delivery.body} />
    </>
  )
}
