import { useI18n } from '../../i18n'
import { Page } from '../../ui/Page'

export default function Welcome() {
  const { t } = useI18n()
  return <Page title={t('welcome.title')}>{null}</Page>
}
