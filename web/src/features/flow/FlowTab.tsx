import { Alert, Center, Loader, Stack } from '@mantine/core'

import { useI18n } from '../../i18n'
import { Fault } from '../../ui/Fault'
import { FlowView } from './FlowView'
import { useFlow } from './useFlow'

interface Props {
  root: number
  /** The CDR of a call of this root, if there is one yet. */
  cdr: number | null
  live: boolean
}

/** The ladder with all around it, and what there is to say when there is none. */
export function FlowTab({ root, cdr, live }: Props) {
  const { t } = useI18n()
  const query = useFlow(root, cdr, live)
  if (query.data === undefined) {
    if (query.error !== null) return <Fault error={query.error} retry={() => void query.refetch()} />
    return (
      <Center mih={200}>
        <Loader aria-label={t('common.loading')} />
      </Center>
    )
  }
  const { flow, path } = query.data
  const captured = flow.rows.some((row) => row.kind === 'sip')
  return (
    <Stack gap="sm">
      {!captured && (
        <Alert color="gray" title={t('flow.no_sip_title')}>
          {t(live ? 'flow.no_sip_live' : flow.rows.length === 0 ? 'flow.nothing_kept' : 'flow.no_sip')}
        </Alert>
      )}
      {flow.rows.length > 0 && <FlowView flow={flow} path={path} live={live} />}
    </Stack>
  )
}
