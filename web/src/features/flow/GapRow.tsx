import { useI18n } from '../../i18n'
import { spanText } from './delta'
import classes from './flow.module.css'
import type { Geometry } from './geometry'
import { GAP_HEIGHT, type GapItem } from './items'

interface Props {
  item: GapItem
  top: number
  index: number
  geometry: Geometry
}

/** A silence as one band, however long it was. */
export function GapRow({ item, top, index, geometry }: Props) {
  const { t, language } = useI18n()
  return (
    <div
      role="row"
      aria-rowindex={index}
      className={classes.gap}
      style={{ height: GAP_HEIGHT, transform: `translateY(${top}px)` }}
    >
      <div className={classes.gutter} style={{ width: geometry.gutter }} />
      <div role="gridcell" className={classes.silence} style={{ width: geometry.lanes }}>
        <span>{t('flow.silence', { span: spanText(item.micros, language) })}</span>
      </div>
    </div>
  )
}
