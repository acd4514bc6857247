import type { FlowColumn } from '../../api/types'
import { useI18n } from '../../i18n'
import classes from './flow.module.css'
import type { Geometry } from './geometry'

export const HEAD_HEIGHT = 58

/** Who stands where, above the ladder and in sight while it scrolls. */
export function Heads({ columns, geometry }: { columns: readonly FlowColumn[]; geometry: Geometry }) {
  const { t } = useI18n()
  return (
    <div className={classes.heads} style={{ height: HEAD_HEIGHT, width: geometry.gutter + geometry.lanes }}>
      <div className={classes.corner} style={{ width: geometry.gutter }} aria-hidden="true">
        {t('common.time')}
      </div>
      <ul className={classes.columns} aria-label={t('flow.columns')}>
        {columns.map((column) => (
          <li key={column.id} className={classes.head} style={{ width: geometry.lane }}>
            <div className={classes.card} data-kind={kindOf(column)}>
              <bdi className={classes.alias} title={column.alias}>
                {column.alias}
              </bdi>
              <bdi className={classes.address} title={column.address}>
                {column.address === '' ? '–' : column.address}
              </bdi>
            </div>
          </li>
        ))}
      </ul>
    </div>
  )
}

/** The lines that hang from the heads. */
export function Lifelines({ columns, geometry }: { columns: readonly FlowColumn[]; geometry: Geometry }) {
  return columns.map((column) => (
    <div
      key={column.id}
      className={classes.lifeline}
      data-kind={kindOf(column)}
      style={{ left: geometry.gutter + geometry.x(column.id) }}
      aria-hidden="true"
    />
  ))
}

function kindOf(column: FlowColumn): string {
  return column.id === 'pbx' ? 'pbx' : column.kind
}
