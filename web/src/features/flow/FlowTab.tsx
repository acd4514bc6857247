import { Alert, Stack } from '@mantine/core'
import { useMemo } from 'react'

import { useI18n } from '../../i18n'
import { Loaded } from '../../ui/Loaded'
import { useReason } from '../webhooks/useReason'
import { FlowView } from './FlowView'
import { type LoadedFlow, useFlow } from './useFlow'
import { translated } from './words'

interface Props {
  root: number
  /** The CDR of a call of this root, if there is one yet. */
  cdr: number | null
  live: boolean
}

/** The ladder with all around it, and what there is to say when there is none. */
export function FlowTab({ root, cdr, live }: Props) {
  const query = useFlow(root, cdr, live)
  return <Loaded query={query}>{(loaded) => <Known {...loaded} live={live} />}</Loaded>
}

function Known({ flow: told, path, live }: LoadedFlow & { live: boolean }) {
  const { t, language } = useI18n()
  const reason = useReason()
  const flow = useMemo(() => translated(told, { t, reason, language }), [told, t, reason, language])
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
