import { useI18n } from '../../i18n'
import { Page } from '../../ui/Page'

export default function LiveCalls() {
  const { t } = useI18n()
  return <Page title={t('calls.title')}>{null}</Page>
}
