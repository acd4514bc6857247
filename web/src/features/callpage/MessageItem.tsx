import { Stack } from '@mantine/core'
import { useId } from 'react'

import { useI18n } from '../../i18n'
import { CopyButton } from '../../ui/CopyButton'
import { clockText } from '../flow/delta'
import { MessageText } from '../flow/MessageText'
import { micros, type Row } from '../flow/rows'
import classes from './callpage.module.css'

interface Props {
  row: Row
  from: string
  to: string
  open: boolean
  onToggle: () => void
}

/** A message by its first line, and the whole of it when it is opened. */
export function MessageItem({ row, from, to, open, onToggle }: Props) {
  const { t } = useI18n()
  const id = useId()
  const raw = row.raw ?? ''
  const first = raw.split(/\r?\n/, 1)[0] ?? ''
  return (
    <>
      <button
        type="button"
        className={classes.opener}
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={onToggle}
      >
        <span aria-hidden="true">{open ? '▾' : '▸'}</span>
        <time className="numbers" dateTime={row.at} title={row.at}>
          {clockText(micros(row.at))}
        </time>
        <bdi className={classes.first}>{first === '' ? row.label : first.slice(0, 300)}</bdi>
        <span className={classes.way}>
          {row.leg !== null && `${t('flow.leg_word')} ${row.leg} · `}
          <bdi>{from}</bdi>
          {' → '}
          <bdi>{to}</bdi>
        </span>
      </button>
      {open && (
        <div id={id} className={classes.whole}>
          <Stack gap={6} align="stretch">
            <MessageText raw={raw} kind="sip" name={`${t('flow.row', { n: String(row.n) })}: ${row.label}`} />
            <div>
              <CopyButton text={raw} size="compact-xs" />
            </div>
          </Stack>
        </div>
      )}
    </>
  )
}
