import { ARROW_Y } from './Arrow'
import classes from './flow.module.css'
import type { Geometry } from './geometry'
import type { RowItem } from './items'

interface Props {
  /** Rows that are in the document, with where they stand. */
  rows: readonly { item: RowItem; top: number }[]
  geometry: Geometry
  selected: string | null
}

/** A thin curve from each SIP message to the POST that it caused, where both are in sight. */
export function Links({ rows, geometry, selected }: Props) {
  const byNumber = new Map(rows.map((row) => [row.item.row.n, row]))
  const curves = rows.flatMap((post) => {
    const cause = post.item.cause === null ? undefined : byNumber.get(post.item.cause)
    return cause === undefined ? [] : [{ cause, post }]
  })
  return (
    <svg
      className={classes.links}
      style={{ left: geometry.gutter }}
      width={geometry.lanes}
      height={1}
      aria-hidden="true"
      focusable="false"
    >
      {curves.map(({ cause, post }) => {
        const strong = selected === post.item.key || selected === cause.item.key
        const from = { x: geometry.x(cause.item.row.to), y: cause.top + ARROW_Y }
        const to = { x: geometry.x(post.item.row.from), y: post.top + ARROW_Y }
        return (
          <g key={post.item.key} stroke="var(--flow-hook)" opacity={strong ? 1 : 0.75}>
            <path d={curve(from, to)} fill="none" strokeWidth={strong ? 2.5 : 1.25} />
            <circle cx={from.x} cy={from.y} r={strong ? 3.5 : 2.5} fill="var(--flow-hook)" />
          </g>
        )
      })}
    </svg>
  )
}

interface Point {
  x: number
  y: number
}

/** Out to the right and back, the wider the farther, so that curves of neighbours do not lie on each other. */
function curve(from: Point, to: Point): string {
  const bulge = Math.min(14 + Math.abs(to.y - from.y) / 12, 40)
  return `M${from.x} ${from.y}C${from.x + bulge} ${from.y} ${to.x + bulge} ${to.y} ${to.x} ${to.y}`
}
