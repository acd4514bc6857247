import { useEffect, useRef, useState } from 'react'

import type { Flow } from '../../api/types'
import { useI18n } from '../../i18n'
import classes from './flow.module.css'

/** Says how many rows came, and which was the last, to those who do not see them come. */
export function Announcer({ flow, live }: { flow: Flow; live: boolean }) {
  const { tn } = useI18n()
  const before = useRef(flow.rows.length)
  const [news, setNews] = useState<{ count: number; label: string } | null>(null)
  useEffect(() => {
    const count = flow.rows.length - before.current
    before.current = flow.rows.length
    if (count > 0) setNews({ count, label: flow.rows.at(-1)?.label.slice(0, 80) ?? '' })
  }, [flow])
  return (
    <div role="log" aria-live="polite" aria-atomic="true" className={classes.hidden}>
      {live && news !== null && tn('flow.new_rows', news.count, { label: news.label })}
    </div>
  )
}
