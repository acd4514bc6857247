import { Button, Stack, Text } from '@mantine/core'
import { useCallback, useDeferredValue, useMemo, useRef, useState } from 'react'

import type { Flow } from '../../api/types'
import { useI18n } from '../../i18n'
import { Announcer } from './Announcer'
import classes from './flow.module.css'
import { layOut, type RowItem } from './items'
import { Ladder } from './Ladder'
import { Legend } from './Legend'
import { usePreferences } from './preferences'
import { RowPanel } from './RowPanel'
import { micros, webhookIds } from './rows'
import { Toolbar } from './Toolbar'

interface Props {
  flow: Flow
  path: string
  live: boolean
}

export function FlowView({ flow, path, live }: Props) {
  const { t } = useI18n()
  const [preferences, change] = usePreferences()
  // Legs are those of this call: another one's are other people.
  const [hiddenLegs, hideLegs] = useState<string[]>([])
  const [text, setText] = useState('')
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set())
  const [selected, select] = useState<string | null>(null)
  const [opened, setOpened] = useState(false)
  const focusRow = useRef<((key: string) => void) | null>(null)
  const wanted = useDeferredValue(text)
  const webhooks = useMemo(() => webhookIds(flow.columns), [flow.columns])
  const ladder = useMemo(
    () => layOut(flow, { ...preferences, hiddenLegs: new Set(hiddenLegs), unfolded, text: wanted }),
    [flow, preferences, hiddenLegs, unfolded, wanted],
  )
  const place = selected === null ? undefined : ladder.placeOf.get(selected)
  const item = place === undefined ? undefined : ladder.items[place]
  const shown = item?.type === 'row' ? item : null

  const open = useCallback((key: string) => {
    select(key)
    setOpened(true)
  }, [])
  const fold = useCallback((key: string) => {
    setUnfolded((before) => {
      const after = new Set(before)
      if (!after.delete(key)) after.add(key)
      return after
    })
  }, [])
  const close = () => {
    setOpened(false)
    if (selected !== null) focusRow.current?.(selected)
  }
  const neighbour = (step: number) => {
    const at = place === undefined ? -1 : ladder.rows.indexOf(place)
    const other = at < 0 ? undefined : ladder.items[ladder.rows[at + step] ?? -1]
    return other?.type === 'row' ? () => select(other.key) : null
  }
  const go = (n: number) => {
    const key = ladder.keyOf.get(n)
    if (key !== undefined && ladder.placeOf.has(key)) select(key)
  }
  const first = flow.rows[0]
  return (
    <Stack gap="sm" className={classes.scope}>
      <Toolbar
        text={text}
        onText={setText}
        relative={preferences.relative}
        onRelative={(relative) => change({ relative })}
        path={path}
      />
      <Legend
        rows={flow.rows}
        webhooks={webhooks}
        preferences={preferences}
        hiddenLegs={hiddenLegs}
        onLegs={hideLegs}
        onChange={change}
      />
      {ladder.items.length === 0 ? (
        <Hidden
          onAll={() => {
            setText('')
            hideLegs([])
            change({ webhooks: true, unsent: true })
          }}
        />
      ) : (
        <Ladder
          columns={flow.columns}
          ladder={ladder}
          selected={selected}
          since={preferences.relative && first !== undefined ? micros(first.at) : null}
          onSelect={select}
          onOpen={open}
          onFold={fold}
          focusRef={focusRow}
        />
      )}
      <Text size="xs" c="dimmed">
        {t('flow.keys')}
      </Text>
      <Announcer flow={flow} live={live} />
      <RowPanel
        item={opened ? (shown satisfies RowItem | null) : null}
        rows={flow.rows}
        columns={flow.columns}
        previous={neighbour(-1)}
        next={neighbour(1)}
        onGo={go}
        onFold={fold}
        onClose={close}
      />
    </Stack>
  )
}

/** Everything is switched off, or nothing contains what was typed. */
function Hidden({ onAll }: { onAll: () => void }) {
  const { t } = useI18n()
  return (
    <div className={`${classes.ladder} ${classes.empty}`}>
      <Stack align="center" gap="sm">
        {t('flow.all_hidden')}
        <Button variant="default" size="xs" onClick={onAll}>
          {t('flow.show_all')}
        </Button>
      </Stack>
    </div>
  )
}
