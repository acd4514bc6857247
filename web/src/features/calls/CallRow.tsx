import { Badge, Checkbox, Text } from '@mantine/core'
import { memo } from 'react'
import { Link, useLocation } from 'wouter'

import type { LiveCall } from '../../api/types'
import { isKey, useI18n } from '../../i18n'
import { cut } from '../../ui/cut'
import { isolate } from '../../ui/isolate'
import { Peer } from '../../ui/Peer'
import { Running } from '../../ui/Running'
import classes from './calls.module.css'
import { HangUp } from './HangUp'

interface Props {
  call: LiveCall
  ahead: number
  index: number
  selected: boolean
  onSelect: (id: number, selected: boolean) => void
  onOver: (id: number) => void
}

/** One live call; rendered again only when it changed. */
export const CallRow = memo(function CallRow({ call, ahead, index, selected, onSelect, onOver }: Props) {
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
      <td>
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
      </td>
      <td>
        <span className={classes.line}>
          <Peer text={call.context} most={24} />
        </span>
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

const COLOURS: Record<string, string> = { CONNECTED: 'green', ON_HOLD: 'yellow', RINGING: 'blue' }

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
