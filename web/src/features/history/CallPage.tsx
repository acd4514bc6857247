import { useI18n } from '../../i18n'
import { Page } from '../../ui/Page'

export default function CallPage() {
  const { t } = useI18n()
  return <Page title={t('history.title')}>{null}</Page>
}
