import { VisuallyHidden } from '@mantine/core'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useRef } from 'react'

import type { LiveCall } from '../../api/types'
import { type Key, useI18n } from '../../i18n'
import { SortHeader, type Sorting } from '../../ui/SortHeader'
import { CallRow } from './CallRow'
import classes from './calls.module.css'
import { isInner } from './view'

/** Height of a row, as in the style. */
const HEIGHT = 56

const HEADS: [column: string, label: Key, width: string][] = [
  ['src', 'calls.caller', '22%'],
  ['dst', 'calls.callee', '22%'],
  ['state', 'common.state', '18%'],
  ['start_time', 'calls.running', '105px'],
  ['context', 'calls.context', '165px'],
]

interface Props {
  calls: LiveCall[]
  ahead: number
  sorting: Sorting
  onSort: (sorting: Sorting) => void
  selected: ReadonlySet<number>
  onSelect: (id: number, selected: boolean) => void
  onOver: (id: number) => void
}

/** The calls as a table of which only the rows in sight are there. */
export function CallTable({ calls, ahead, sorting, onSort, selected, onSelect, onOver }: Props) {
  const { t } = useI18n()
  const box = useRef<HTMLDivElement>(null)
  // eslint-disable-next-line react-hooks/incompatible-library -- no compiler memoises here
  const rows = useVirtualizer({
    count: calls.length,
    getScrollElement: () => box.current,
    estimateSize: () => HEIGHT,
    getItemKey: (index) => calls[index]?.id ?? index,
    overscan: 6,
  })
  const shown = rows.getVirtualItems()
  const above = shown[0]?.start ?? 0
  const below = rows.getTotalSize() - (shown.at(-1)?.end ?? 0)
  return (
    <div ref={box} className={classes.box} role="region" aria-label={t('calls.title')} tabIndex={0}>
      <table className={classes.table} aria-rowcount={calls.length + 1}>
        <colgroup>
          <col style={{ width: 40 }} />
          {HEADS.map(([column, , width]) => (
            <col key={column} style={{ width }} />
          ))}
          <col style={{ width: 225 }} />
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col">
              <VisuallyHidden>{t('calls.selection')}</VisuallyHidden>
            </th>
            {HEADS.map(([column, label]) => (
              <SortHeader key={column} label={t(label)} column={column} sorting={sorting} onSort={onSort} />
            ))}
            <th scope="col">{t('common.actions')}</th>
          </tr>
        </thead>
        <tbody>
          <Gap height={above} />
          {shown.map(({ index }) => {
            const call = calls[index]
            return (
              call !== undefined && (
                <CallRow
                  key={call.id}
                  call={call}
                  ahead={ahead}
                  index={index}
                  inner={isInner(calls, index)}
                  selected={selected.has(call.id)}
                  onSelect={onSelect}
                  onOver={onOver}
                />
              )
            )
          })}
          <Gap height={below} />
        </tbody>
      </table>
    </div>
  )
}

/** Stands for the rows that are out of sight. */
function Gap({ height }: { height: number }) {
  if (height <= 0) return null
  return (
    <tr aria-hidden="true" className={classes.gap}>
      <td colSpan={7} style={{ height }} />
    </tr>
  )
}
