import { ScrollArea, Text, VisuallyHidden } from '@mantine/core'
import { Link, useLocation } from 'wouter'

import type { Cdr } from '../../api/types'
import { isKey, type Key, useI18n } from '../../i18n'
import { timer } from '../../i18n/format'
import { contextText, infoText } from '../../ui/callWords'
import { Peer } from '../../ui/Peer'
import { isPressOnRow } from '../../ui/press'
import { SortHeader, type Sorting } from '../../ui/SortHeader'
import { Time } from '../../ui/Time'
import { families, resultOf } from './families'
import classes from './history.module.css'
import { WebhookDot } from './WebhookDot'

const HEADS: [column: string, label: Key][] = [
  ['calldate', 'common.time'],
  ['src', 'history.caller'],
  ['dst', 'history.callee'],
  ['destination', 'history.direction'],
  ['context', 'history.context'],
  ['duration', 'history.duration'],
  ['billsec', 'history.talk'],
  ['disposition', 'history.result'],
]

interface Props {
  cdrs: Cdr[]
  sorting: Sorting
  onSort: (sorting: Sorting) => void
}

/** Calls that are over, one a row. */
export function CdrTable({ cdrs, sorting, onSort }: Props) {
  const { t } = useI18n()
  const dots = cdrs.some((cdr) => cdr.deliveries !== undefined)
  return (
    <ScrollArea
      type="auto"
      className={classes.box}
      viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': t('history.title') }}
    >
      <table className={classes.table}>
        <thead>
          <tr>
            {HEADS.map(([column, label]) => (
              <SortHeader key={column} label={t(label)} column={column} sorting={sorting} onSort={onSort} />
            ))}
            {dots && <th scope="col">{t('history.webhooks')}</th>}
          </tr>
        </thead>
        <tbody>
          {families(cdrs, sorting).map(({ cdr, inner }) => (
            <Row key={cdr.id} cdr={cdr} inner={inner} dots={dots} />
          ))}
        </tbody>
      </table>
    </ScrollArea>
  )
}

function Row({ cdr, inner, dots }: { cdr: Cdr; inner: boolean; dots: boolean }) {
  const { t } = useI18n()
  const [, go] = useLocation()
  const page = `/calls/${cdr.live_id}`
  const cause = `causes.${cdr.cause.name}`
  return (
    <tr
      className={classes.row}
      data-call={cdr.live_id}
      data-inner={inner || undefined}
      onClick={(event) => {
        if (isPressOnRow(event)) go(page)
      }}
    >
      <td className={inner ? `${classes.time} ${classes.inner}` : classes.time}>
        {inner && <VisuallyHidden>{t('common.part_of', { id: String(cdr.root_live_id) })} </VisuallyHidden>}
        <Link href={page} className={classes.link}>
          <Time at={cdr.calldate} />
        </Link>
      </td>
      <td>
        <Side name={cdr.src_name} number={cdr.src} />
      </td>
      <td>
        <Side name={cdr.dst_name} number={cdr.dst} />
      </td>
      <td>{t(`history.direction_${cdr.destination}`)}</td>
      <td>
        <Peer text={cdr.context} most={24} />
        <Text size="xs" c="dimmed">
          {contextText(t, cdr.context)}
        </Text>
      </td>
      <td className="numbers">{timer(cdr.duration)}</td>
      <td className="numbers">{timer(cdr.billsec)}</td>
      <td>
        <span title={cdr.disposition}>{t(resultOf(cdr))}</span>
        <Text size="xs" c="dimmed">
          {isKey(cause) ? t(cause) : <Peer text={cdr.t_cause} />}
        </Text>
        {cdr.info !== '' && (
          <Text size="xs" c="dimmed">
            <Peer text={infoText(t, cdr.info)} most={60} />
          </Text>
        )}
      </td>
      {dots && <td>{cdr.deliveries !== undefined && <WebhookDot deliveries={cdr.deliveries} />}</td>}
    </tr>
  )
}

function Side({ name, number }: { name: string; number: string }) {
  const { t } = useI18n()
  if (name === '') return number === '' ? t('common.unknown') : <Peer text={number} most={40} />
  return (
    <>
      <Peer text={name} most={40} />
      <Text size="xs" c="dimmed">
        <Peer text={number} most={40} />
      </Text>
    </>
  )
}
