import { useI18n } from '../../i18n'
import { Page } from '../../ui/Page'

export default function WebhookEditor() {
  const { t } = useI18n()
  return <Page title={t('webhooks.title')}>{null}</Page>
}
