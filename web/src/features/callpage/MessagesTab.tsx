import { Button, Group, Stack, Text } from '@mantine/core'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useMemo, useRef, useState } from 'react'

import type { FlowColumn } from '../../api/types'
import { useI18n } from '../../i18n'
import { Loaded } from '../../ui/Loaded'
import { rowKeys, type Row } from '../flow/rows'
import { useFlow } from '../flow/useFlow'
import classes from './callpage.module.css'
import { MessageItem } from './MessageItem'

interface Props {
  root: number
  cdr: number | null
  live: boolean
}

/** The SIP messages of a root as texts, in order. */
export function MessagesTab({ root, cdr, live }: Props) {
  const query = useFlow(root, cdr, live)
  return (
    <Loaded query={query}>
      {({ flow }) => <Messages rows={flow.rows} columns={flow.columns} live={live} />}
    </Loaded>
  )
}

function Messages({
  rows,
  columns,
  live,
}: {
  rows: readonly Row[]
  columns: readonly FlowColumn[]
  live: boolean
}) {
  const { t, tn } = useI18n()
  const messages = useMemo(() => rows.filter((row) => row.kind === 'sip'), [rows])
  const keys = useMemo(() => rowKeys(messages), [messages])
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set())
  if (messages.length === 0) {
    return <Text c="dimmed">{t(live ? 'flow.no_sip_live' : 'flow.call_messages_none')}</Text>
  }
  const all = keys.every((key) => open.has(key))
  const toggle = (key: string) => {
    const after = new Set(open)
    if (!after.delete(key)) after.add(key)
    setOpen(after)
  }
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Text size="sm" c="dimmed">
          {tn('flow.call_count', messages.length)}
        </Text>
        <Button size="xs" variant="default" onClick={() => setOpen(all ? new Set() : new Set(keys))}>
          {t(all ? 'flow.call_fold_all' : 'flow.call_expand_all')}
        </Button>
      </Group>
      <Scroller messages={messages} keys={keys} columns={columns} open={open} onToggle={toggle} />
    </Stack>
  )
}

interface ScrollerProps {
  messages: readonly Row[]
  keys: readonly string[]
  columns: readonly FlowColumn[]
  open: ReadonlySet<string>
  onToggle: (key: string) => void
}

function Scroller({ messages, keys, columns, open, onToggle }: ScrollerProps) {
  const { t } = useI18n()
  const ref = useRef<HTMLDivElement>(null)
  const names = new Map(columns.map((column) => [column.id, column.alias]))
  // eslint-disable-next-line react-hooks/incompatible-library -- its functions change nothing that is memoised here
  const scroll = useVirtualizer<HTMLDivElement, HTMLLIElement>({
    count: messages.length,
    getScrollElement: () => ref.current,
    estimateSize: (place) => (open.has(keys[place] ?? '') ? 480 : 56),
    getItemKey: (place) => keys[place] ?? place,
    overscan: 6,
  })
  return (
    <div ref={ref} className={classes.messages}>
      <ol
        className={classes.list}
        style={{ height: scroll.getTotalSize() }}
        aria-label={t('flow.call_messages_list')}
      >
        {scroll.getVirtualItems().map(({ index, key, start }) => {
          const row = messages[index]
          const name = keys[index]
          return row === undefined || name === undefined ? null : (
            <li
              key={key}
              ref={scroll.measureElement}
              data-index={index}
              className={classes.message}
              aria-setsize={messages.length}
              aria-posinset={index + 1}
              style={{ transform: `translateY(${start}px)` }}
            >
              <MessageItem
                row={row}
                from={names.get(row.from) ?? row.from}
                to={names.get(row.to) ?? row.to}
                open={open.has(name)}
                onToggle={() => onToggle(name)}
              />
            </li>
          )
        })}
      </ol>
    </div>
  )
}
