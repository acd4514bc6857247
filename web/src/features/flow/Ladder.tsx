import { useElementSize, useMergedRef } from '@mantine/hooks'
import { type KeyboardEvent, useCallback, useEffect, useMemo, useRef } from 'react'

import type { FlowColumn } from '../../api/types'
import { useI18n } from '../../i18n'
import classes from './flow.module.css'
import { GapRow } from './GapRow'
import { geometry as geometryOf } from './geometry'
import { HEAD_HEIGHT, Heads, Lifelines } from './Heads'
import { type Ladder as Items, ROW_HEIGHT, type RowItem } from './items'
import { LadderRow, type RowActions } from './LadderRow'
import { Links } from './Links'
import { moved } from './moves'
import { useLadder } from './useLadder'

interface Props {
  columns: readonly FlowColumn[]
  ladder: Items
  selected: string | null
  /** The moment that clocks count from; null for the time of day. */
  since: number | null
  onSelect: (key: string) => void
  onOpen: (key: string) => void
  onFold: (key: string) => void
  /** Hands out a function that brings the focus to a row. */
  focusRef: { current: ((key: string) => void) | null }
}

/** The picture: a grid with one stop for the tabulator key, in which the arrow keys move. */
export function Ladder({ columns, ladder, selected, since, onSelect, onOpen, onFold, focusRef }: Props) {
  const { t } = useI18n()
  const place = selected === null ? null : (ladder.placeOf.get(selected) ?? null)
  const { ref, scroll } = useLadder(ladder, place)
  const { ref: sized, width } = useElementSize<HTMLDivElement>()
  const merged = useMergedRef(ref, sized)
  const geometry = useMemo(() => geometryOf(columns, width), [columns, width])
  const names = useMemo(() => new Map(columns.map((column) => [column.id, column.alias])), [columns])
  const nameOf = useCallback((id: string) => names.get(id) ?? id, [names])
  const reveal = useReveal(ladder, scroll, ref)
  const actions = useMemo<RowActions>(() => {
    const go = (n: number) => {
      const key = ladder.keyOf.get(n)
      if (key === undefined || !ladder.placeOf.has(key)) return
      onSelect(key)
      reveal(key)
    }
    return { open: onOpen, fold: onFold, go }
  }, [ladder, reveal, onOpen, onFold, onSelect])
  useEffect(() => {
    focusRef.current = reveal
  }, [focusRef, reveal])

  const keyed = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target instanceof HTMLButtonElement) return
    if (event.key === 'Enter' && selected !== null) {
      event.preventDefault()
      onOpen(selected)
      return
    }
    const rows = ladder.rows
    const now = place === null ? null : rows.indexOf(place)
    const page = Math.floor(((ref.current?.clientHeight ?? 0) - HEAD_HEIGHT) / ROW_HEIGHT)
    const next = moved(event.key, now, rows.length, page)
    const item = next === null ? undefined : ladder.items[rows[next] ?? -1]
    if (item === undefined) return
    event.preventDefault()
    onSelect(item.key)
    reveal(item.key)
  }

  const shown = scroll.getVirtualItems().flatMap((virtual) => {
    const item = ladder.items[virtual.index]
    return item === undefined ? [] : [{ item, top: item.top, index: virtual.index }]
  })
  const rows = shown.filter(
    (row): row is { item: RowItem; top: number; index: number } => row.item.type === 'row',
  )
  const selectedItem = place === null ? undefined : ladder.items[place]
  const selectedAt = selectedItem?.type === 'row' ? selectedItem.at : null
  const stop = selectedItem?.key ?? ladder.items[ladder.rows[0] ?? -1]?.key
  return (
    <div ref={merged} className={`${classes.ladder} ${geometry.compact ? classes.compact : ''}`}>
      <Heads columns={columns} geometry={geometry} />
      <div
        role="grid"
        aria-label={t('flow.grid')}
        aria-rowcount={ladder.items.length + 1}
        className={classes.body}
        style={{
          height: ladder.height,
          width: Math.max(geometry.gutter + geometry.lanes, 0),
          minWidth: '100%',
        }}
        onKeyDown={keyed}
      >
        <GridHead />
        <Lifelines columns={columns} geometry={geometry} />
        <Links rows={rows} geometry={geometry} selected={selected} />
        <div role="rowgroup">
          {shown.map(({ item, top, index }) =>
            item.type === 'gap' ? (
              <GapRow key={item.key} item={item} top={top} index={index + 2} geometry={geometry} />
            ) : (
              <LadderRow
                key={item.key}
                item={item}
                top={top}
                index={index + 2}
                geometry={geometry}
                nameOf={nameOf}
                since={since}
                selectedAt={selectedAt}
                selected={item.key === selected}
                stop={item.key === stop}
                actions={actions}
              />
            ),
          )}
        </div>
      </div>
    </div>
  )
}

/** What the cells of the grid are, for those who do not see the picture. */
function GridHead() {
  const { t } = useI18n()
  const names = [
    'flow.col_time',
    'flow.col_from',
    'flow.col_to',
    'flow.col_message',
    'flow.col_detail',
  ] as const
  return (
    <div role="rowgroup" className={classes.hidden}>
      <div role="row" aria-rowindex={1}>
        {names.map((name) => (
          <span key={name} role="columnheader">
            {t(name)}
          </span>
        ))}
      </div>
    </div>
  )
}

/** Scrolls to a row and gives it the focus, once it is in the document. */
function useReveal(
  ladder: Items,
  scroll: ReturnType<typeof useLadder>['scroll'],
  ref: ReturnType<typeof useLadder>['ref'],
): (key: string) => void {
  const frame = useRef(0)
  useEffect(() => () => cancelAnimationFrame(frame.current), [])
  return useCallback(
    (key) => {
      const place = ladder.placeOf.get(key)
      const item = place === undefined ? undefined : ladder.items[place]
      if (place === undefined || item?.type !== 'row') return
      scroll.scrollToIndex(place)
      const { n } = item.row
      let tries = 10
      const focus = () => {
        const row = ref.current?.querySelector<HTMLElement>(`[data-row="${n}"]`)
        if (row !== null && row !== undefined) row.focus({ preventScroll: true })
        else if (tries-- > 0) frame.current = requestAnimationFrame(focus)
      }
      cancelAnimationFrame(frame.current)
      frame.current = requestAnimationFrame(focus)
    },
    [ladder, scroll, ref],
  )
}
