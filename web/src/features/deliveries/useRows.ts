/** The rows of a page: as they come while the tail runs, in their places while it rests. */

import { useState } from 'react'

import type { List } from '../../api/client'
import type { Delivery, DeliveryNotice } from '../../api/types'
import { useStream } from '../../live/useStream'
import { newer, noticed, type Row, rowOf, type Still, still } from './rows'

export interface Rows {
  rows: Row[]
  total: number
  /** How many came since the rows keep still. */
  waiting: number
  /** Shows them. */
  renew: () => void
}

/**
 * `key` names the page and its filters; `live` is what the server said last of that very page, undefined while it is
 * not there yet.
 */
export function useRows(live: List<Delivery> | undefined, key: string, tail: boolean): Rows | null {
  const [kept, setKept] = useState<Still | null>(null)
  const rows = live?.data.map(rowOf)
  const total = live?.total ?? 0
  if (tail && kept !== null) setKept(null)
  if (!tail && rows !== undefined && kept?.key !== key) setKept({ key, rows, total })
  useStream(['delivery'], (data) => {
    const notice = data as DeliveryNotice
    setKept((last) => last && { ...last, rows: last.rows.map((row) => noticed(row, notice)) })
  })
  const renew = () => setKept(null)
  if (!tail && kept?.key === key) {
    return {
      rows: still(kept, rows ?? []),
      total: kept.total,
      waiting: live === undefined ? 0 : newer(kept, total),
      renew,
    }
  }
  return rows === undefined ? null : { rows, total, waiting: 0, renew }
}
