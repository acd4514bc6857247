import { Badge, Checkbox, Text, VisuallyHidden } from '@mantine/core'
import { memo } from 'react'
import { Link, useLocation } from 'wouter'

import type { LiveCall } from '../../api/types'
import { isKey, useI18n } from '../../i18n'
import { cut } from '../../ui/cut'
import { contextText } from '../../ui/callWords'
import { isolate } from '../../ui/isolate'
import { Peer } from '../../ui/Peer'
import { RecordDot } from '../../ui/RecordDot'
import { Running } from '../../ui/Running'
import classes from './calls.module.css'
import { HangUp } from './HangUp'

interface Props {
  call: LiveCall
  ahead: number
  index: number
  /** It comes of the call above it. */
  inner: boolean
  selected: boolean
  onSelect: (id: number, selected: boolean) => void
  onOver: (id: number) => void
}

/** One live call; rendered again only when it changed. */
export const CallRow = memo(function CallRow(props: Props) {
  const { call, ahead, index, inner, selected, onSelect, onOver } = props
  const { t } = useI18n()
  const [, go] = useLocation()
  const who = t('calls.who', {
    from: isolate(cut(call.src_name || call.src, 30)),
    to: isolate(cut(call.dst_name || call.dst, 30)),
  })
  return (
    <tr
      className={classes.row}
      aria-rowindex={index + 2}
      aria-selected={selected}
      data-call={call.id}
      data-inner={inner || undefined}
      onClick={(event) => {
        const on = event.target instanceof Element ? event.target.closest('button, a, [data-own]') : null
        if (on === null && window.getSelection()?.isCollapsed !== false) go(`/calls/${call.id}`)
      }}
    >
      <td data-own>
        <Checkbox
          size="xs"
          checked={selected}
          onChange={(event) => onSelect(call.id, event.currentTarget.checked)}
          aria-label={t('calls.select_who', { who })}
        />
      </td>
      <td className={inner ? classes.inner : undefined}>
        {inner && <VisuallyHidden>{t('common.part_of', { id: String(call.root_id) })} </VisuallyHidden>}
        <Link href={`/calls/${call.id}`} className={classes.link}>
          <Side name={call.src_name} number={call.src} />
        </Link>
      </td>
      <td>
        <Side name={call.dst_name} number={call.dst} />
      </td>
      <td>
        <State state={call.state} />
      </td>
      <td className="numbers">
        <Running since={call.connected_at ?? call.start_time} ahead={ahead} />
        {call.monitor_state === 1 && (
          <span className={classes.recorded}>
            <RecordDot label={t('recordings.is_recorded')} />
          </span>
        )}
      </td>
      <td>
        <Context call={call} />
      </td>
      <td data-own>
        <HangUp id={call.id} who={who} onOver={onOver} />
      </td>
    </tr>
  )
})

/** Name and number of one side; a side without a name is its number. */
function Side({ name, number }: { name: string; number: string }) {
  const { t } = useI18n()
  const [first, second] = name === '' ? [number, ''] : [name, number]
  return (
    <>
      <span className={classes.line}>{first === '' ? t('common.unknown') : <Peer text={first} />}</span>
      {second !== '' && (
        <Text span size="xs" c="dimmed" className={classes.line}>
          <Peer text={second} />
        </Text>
      )}
    </>
  )
}

/** The context as the API names it, and what is to be said of such a call: where it stands, or who sent it on. */
function Context({ call }: { call: LiveCall }) {
  const { t } = useI18n()
  const queue = `calls.queue_${call.queue_state}`
  const more = isKey(queue)
    ? t(queue)
    : call.referred_by === ''
      ? contextText(t, call.context)
      : t('calls.referred_by', { who: isolate(cut(call.referred_by, 30)) })
  return (
    <>
      <span className={classes.line}>
        <Peer text={call.context} most={24} />
      </span>
      {more !== null && (
        <Text span size="xs" c="dimmed" className={classes.line}>
          {more}
        </Text>
      )}
    </>
  )
}

const COLOURS: Record<string, string> = {
  ACCEPTED: 'cyan',
  CONNECTED: 'green',
  ON_HOLD: 'yellow',
  RINGING: 'blue',
}

/** The state as the API names it, and what that means. */
function State({ state }: { state: string }) {
  const { t } = useI18n()
  const key = `calls.state_${state}`
  return (
    <>
      <Badge variant="light" color={COLOURS[state] ?? 'gray'} radius="sm" tt="none">
        {state}
      </Badge>
      {isKey(key) && (
        <Text span size="xs" c="dimmed" className={classes.line}>
          {t(key)}
        </Text>
      )}
    </>
  )
}
