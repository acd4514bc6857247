import { Center, Loader } from '@mantine/core'
import type { ReactNode } from 'react'

import { useI18n } from '../i18n'
import { Fault } from './Fault'

/** What there is to know of a load. */
interface Loading<T> {
  data: T | undefined
  error: unknown
  refetch: () => unknown
}

interface Props<T> {
  query: Loading<T>
  /** Stands there until something is loaded. */
  waiting?: ReactNode
  children: (data: T) => ReactNode
}

/** What was loaded. A later load that fails is told above it, and takes nothing away. */
export function Loaded<T>({ query, waiting, children }: Props<T>) {
  const { data, error } = query
  const fault = error !== null && <Fault error={error} retry={() => void query.refetch()} />
  if (data === undefined) return fault === false ? (waiting ?? <Waiting />) : fault
  return (
    <>
      {fault}
      {children(data)}
    </>
  )
}

function Waiting() {
  const { t } = useI18n()
  return (
    <Center mih={80}>
      <Loader aria-label={t('common.loading')} />
    </Center>
  )
}
