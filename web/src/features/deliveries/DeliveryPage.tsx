import { useI18n } from '../../i18n'
import { Page } from '../../ui/Page'

export default function DeliveryPage() {
  const { t } = useI18n()
  return <Page title={t('deliveries.title')}>{null}</Page>
}
