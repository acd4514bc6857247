import { useI18n } from '../../i18n'
import { Page } from '../../ui/Page'

export default function People() {
  const { t } = useI18n()
  return <Page title={t('people.title')}>{null}</Page>
}
